"""Tokens: a tokenizer is trained or given, and documents become GPT-NeoX's .bin and .idx."""

from pathlib import Path

from tenbin.tokens.joining import settle_joins


rule train_tokenizer:
    """Train a byte-level BPE on the same number of bytes of each language."""
    input:
        documents=ancient(texts.tokenizer_documents),
        records=texts.tokenizer_records,
    output:
        tokenizer="<results>/tokenizers/{tokenizer}/tokenizer.json",
        record="<results>/tokenizers/{tokenizer}.json",
    log:
        "<logs>/train_tokenizer/{tokenizer}.log",
    wildcard_constraints:
        tokenizer=texts.tokenizers_of("trained"),
    conda:
        "../envs/data.yaml"
    params:
        settings=lambda w: settings.entry_settings(STUDY.tokenizers[w.tokenizer]),
        documents=texts.tokenizer_arguments,
        recipe=recipes.TOKENIZERS,
    message:
        "Train tokenizer {wildcards.tokenizer} on {input.documents}: "
        "it is made from this text, so a change of it makes all tokens, mixes and runs stale"
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/train_tokenizer.py \
            --settings {params.settings:q} \
            {params.documents:q} \
            --tokenizer {output.tokenizer:q} \
            --record {output.record:q} 2>{log:q}
        """


rule copy_tokenizer:
    """Take a tokenizer.json that exists."""
    input:
        source=ancient(texts.tokenizer_source),
    output:
        tokenizer="<results>/tokenizers/{tokenizer}/tokenizer.json",
        record="<results>/tokenizers/{tokenizer}.json",
    log:
        "<logs>/copy_tokenizer/{tokenizer}.log",
    wildcard_constraints:
        tokenizer=texts.tokenizers_of("given"),
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        settings=lambda w: settings.entry_settings(STUDY.tokenizers[w.tokenizer]),
        recipe=recipes.TOKENIZERS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/copy_tokenizer.py \
            --settings {params.settings:q} \
            --source {input.source:q} \
            --tokenizer {output.tokenizer:q} \
            --record {output.record:q} 2>{log:q}
        """


rule tokenize_shard:
    """Encode the documents of one shard, each followed by <|endoftext|>."""
    input:
        documents=ancient("<results>/corpora/{corpus}/{split}/{shard}.jsonl.zst"),
        record="<results>/corpora/{corpus}/{split}/{shard}.json",
        tokenizer=ancient("<results>/tokenizers/{tokenizer}/tokenizer.json"),
        tokenizer_record="<results>/tokenizers/{tokenizer}.json",
    output:
        bin=temp("<results>/tokens/{tokenizer}/{corpus}/{split}/{shard}.bin"),
        idx=temp("<results>/tokens/{tokenizer}/{corpus}/{split}/{shard}.idx"),
        record=temp("<results>/tokens/{tokenizer}/{corpus}/{split}/{shard}.json"),
    log:
        "<logs>/tokenize_shard/{tokenizer}/{corpus}/{split}/{shard}.log",
    conda:
        "../envs/data.yaml"
    threads: STUDY.execution.threads_per_shard
    params:
        recipe=recipes.TOKENS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/tokenize_shard.py \
            --documents {input.documents:q} \
            --tokenizer {input.tokenizer:q} \
            --tokenizer-record {input.tokenizer_record:q} \
            --threads {threads} \
            --bin {output.bin:q} \
            --idx {output.idx:q} \
            --record {output.record:q} 2>{log:q}
        """


rule join_shards:
    """Join the token shards of a split in order."""
    input:
        bin=texts.token_shards(".bin"),
        idx=texts.token_shards(".idx"),
        records=texts.token_shards(".json"),
    output:
        bin="<results>/tokens/{tokenizer}/{corpus}/{split}.bin",
        idx="<results>/tokens/{tokenizer}/{corpus}/{split}.idx",
        record="<results>/tokens/{tokenizer}/{corpus}/{split}.json",
    log:
        "<logs>/join_shards/{tokenizer}/{corpus}/{split}.log",
    wildcard_constraints:
        corpus=texts.corpora_of(PackageCorpus, HubCorpus, FilesCorpus),
    conda:
        "../envs/data.yaml"
    params:
        shards=lambda w, input: [path.removesuffix(".bin") for path in input.bin],
        recipe=recipes.TOKENS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/join_shards.py \
            --shards {params.shards:q} \
            --free-shards \
            --bin {output.bin:q} \
            --idx {output.idx:q} \
            --record {output.record:q} 2>{log:q}
        """


rule join_token_parts:
    """Join tokens that came as consecutive slices of one .bin, beside their .idx."""
    input:
        parts=ancient(texts.token_parts),
        idx=ancient(texts.token_parts_index),
        records=texts.token_parts_records,
        tokenizer=ancient("<results>/tokenizers/{tokenizer}/tokenizer.json"),
        tokenizer_record="<results>/tokenizers/{tokenizer}.json",
    output:
        bin="<results>/tokens/{tokenizer}/{corpus}/{split}.bin",
        idx="<results>/tokens/{tokenizer}/{corpus}/{split}.idx",
        record="<results>/tokens/{tokenizer}/{corpus}/{split}.json",
    log:
        "<logs>/join_token_parts/{tokenizer}/{corpus}/{split}.log",
    wildcard_constraints:
        corpus=texts.corpora_of(HubTokensCorpus),
    conda:
        "../envs/data.yaml"
    params:
        recipe=recipes.TOKENS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/join_token_parts.py \
            --parts {input.parts:q} \
            --parts-idx {input.idx:q} \
            --tokenizer {input.tokenizer:q} \
            --tokenizer-record {input.tokenizer_record:q} \
            --free-parts \
            --bin {output.bin:q} \
            --idx {output.idx:q} \
            --record {output.record:q} 2>{log:q}
        """


rule link_tokens:
    """Link a pair of .bin and .idx that exists already, and count it."""
    input:
        bin=ancient(texts.existing_tokens(".bin")),
        idx=ancient(texts.existing_tokens(".idx")),
        tokenizer=ancient("<results>/tokenizers/{tokenizer}/tokenizer.json"),
        tokenizer_record="<results>/tokenizers/{tokenizer}.json",
    output:
        bin="<results>/tokens/{tokenizer}/{corpus}/{split}.bin",
        idx="<results>/tokens/{tokenizer}/{corpus}/{split}.idx",
        record="<results>/tokens/{tokenizer}/{corpus}/{split}.json",
    log:
        "<logs>/link_tokens/{tokenizer}/{corpus}/{split}.log",
    wildcard_constraints:
        corpus=texts.corpora_of(TokensCorpus),
    conda:
        "../envs/data.yaml"
    params:
        corpus=lambda w: settings.entry_settings(STUDY.corpora[w.corpus]),
        prefix=texts.existing_tokens(""),
        recipe=recipes.TOKENS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/link_tokens.py \
            --corpus {params.corpus:q} \
            --prefix {params.prefix:q} \
            --tokenizer {input.tokenizer:q} \
            --tokenizer-record {input.tokenizer_record:q} \
            --bin {output.bin:q} \
            --idx {output.idx:q} \
            --record {output.record:q} 2>{log:q}
        """


onsuccess:
    settle_joins(Path(RESULTS, "tokens"))
