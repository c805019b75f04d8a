"""Text: archives and files are fetched, and documents extracted into numbered shards."""


rule fetch_package:
    """Fetch one archive of a package registry; nothing in it is installed or executed."""
    output:
        archive="<results>/packages/{package}",
        record="<results>/packages/{package}.json",
    log:
        "<logs>/fetch_package/{package}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        package=lambda w: settings.entry_settings(STUDY.packages[w.package]),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/fetch_package.py \
            --package {params.package:q} \
            --archive {output.archive:q} \
            --record {output.record:q} 2>{log:q}
        """


rule fetch_hub_file:
    """Fetch one file of a Hugging Face dataset at its pinned revision."""
    input:
        ancient(texts.earlier_shard),
    output:
        file=temp("<results>/sources/{corpus}/{split}/{shard}"),
        record="<results>/sources/{corpus}/{split}/{shard}.json",
    log:
        "<logs>/fetch_hub_file/{corpus}/{split}/{shard}.log",
    wildcard_constraints:
        corpus=texts.corpora_of(HubCorpus, HubTokensCorpus),
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        repository=lambda w: STUDY.corpora[w.corpus].repository,
        revision=lambda w: STUDY.corpora[w.corpus].revision,
        file=texts.hub_file,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/fetch_hub_file.py \
            --repository {params.repository:q} \
            --revision {params.revision:q} \
            --file {params.file:q} \
            --out {output.file:q} \
            --record {output.record:q} 2>{log:q}
        """


rule extract_documents:
    """Extract the documents of one source file that belong to one split."""
    input:
        source=ancient(texts.source),
        source_record=texts.source_record,
    output:
        documents=discardable("<results>/corpora/{corpus}/{split}/{shard}.jsonl.zst"),
        record="<results>/corpora/{corpus}/{split}/{shard}.json",
    log:
        "<logs>/extract_documents/{corpus}/{split}/{shard}.log",
    wildcard_constraints:
        corpus=texts.corpora_of(PackageCorpus, HubCorpus, FilesCorpus),
    conda:
        "../envs/data.yaml"
    params:
        corpus=lambda w: settings.corpus_settings(STUDY, w.corpus),
        source_name=texts.source_name,
        source_sha256=texts.source_sha256,
        source_record=lambda w, input: planning.repeat_flag(
            "--source-record", input.source_record
        ),
        recipe=recipes.CORPORA,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/extract_documents.py \
            --corpus {params.corpus:q} \
            --split {wildcards.split} \
            --source {input.source:q} \
            --source-name {params.source_name:q} \
            {params.source_record:q} \
            --documents {output.documents:q} \
            --record {output.record:q} 2>{log:q}
        """
