"""Losses: every finished model on every validation set, and the one table that all fits read."""


rule score_run:
    """Score one model on one validation set."""
    input:
        spec="<results>/runs/<run>/spec.json",
        done="<results>/runs/<run>/done.json",
        model=ancient("<results>/runs/<run>/model"),
        bin=ancient(texts.valid_tokens(".bin")),
        idx=ancient(texts.valid_tokens(".idx")),
        record=texts.valid_tokens(".json"),
        tokenizer=ancient(
            f"<results>/tokenizers/{STUDY.study.tokenizer}/tokenizer.json"
        ),
        tokenizer_record=f"<results>/tokenizers/{STUDY.study.tokenizer}.json",
    output:
        losses="<results>/runs/<run>/losses/{valid}.json",
        documents="<results>/runs/<run>/losses/{valid}.documents.parquet",
    log:
        "<logs>/score_run/<run>/{valid}.log",
    conda:
        "../envs/train.yaml"
    threads: STUDY.execution.threads_per_run
    params:
        valid=lambda w: settings.entry_settings(STUDY.valids[w.valid]),
        tokens=lambda w, input: input.bin.removesuffix(".bin"),
        recipe=recipes.LOSSES,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/score_run.py \
            --spec {input.spec:q} \
            --done {input.done:q} \
            --model {input.model:q} \
            --valid-id {wildcards.valid} \
            --valid {params.valid:q} \
            --tokens {params.tokens:q} \
            --tokenizer {input.tokenizer:q} \
            --tokenizer-record {input.tokenizer_record:q} \
            --threads {threads} \
            --losses {output.losses:q} \
            --documents {output.documents:q} 2>{log:q}
        """


rule collect_losses:
    """Gather all losses into one table, a row per run and validation set."""
    input:
        findings.losses(),
    output:
        table="<results>/losses.csv",
        record="<results>/losses.json",
    log:
        "<logs>/collect_losses.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        recipe=recipes.LOSSES,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/collect_losses.py \
            --losses {input:q} \
            --table {output.table:q} \
            --record {output.record:q} 2>{log:q}
        """
