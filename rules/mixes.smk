"""Mixes, the order of samples, and initial weights: what a seed decides, the same for every mix."""


rule write_mix:
    """Write down the corpora of a mix, their weights and what their tokens are."""
    input:
        tokens=runs.mix_tokens(".json"),
    output:
        "<results>/mixes/{mix}.json",
    log:
        "<logs>/write_mix/{mix}.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        mix=lambda w: settings.mix_settings(STUDY, w.mix),
        languages=runs.mix_languages,
        tokens=runs.by_corpus("--tokens", "tokens"),
        recipe=recipes.MIXES,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/write_mix.py \
            --mix {params.mix:q} \
            {params.languages:q} \
            {params.tokens:q} \
            --out {output:q} 2>{log:q}
        """


rule order_corpus:
    """Draw GPT-NeoX's document, sample and shuffle order of one corpus of a mix."""
    input:
        idx=ancient(lambda w: texts.train_tokens(w, ".idx")),
        record=lambda w: texts.train_tokens(w, ".json"),
    output:
        doc="<results>/orders/<order>/{corpus}/doc_idx.npy",
        sample="<results>/orders/<order>/{corpus}/sample_idx.npy",
        shuffle="<results>/orders/<order>/{corpus}/shuffle_idx.npy",
        record="<results>/orders/<order>/{corpus}/index.json",
    log:
        "<logs>/order_corpus/<order>/{corpus}.log",
    conda:
        "../envs/data.yaml"
    params:
        settings=lambda w: settings.order_settings(
            STUDY, w.mix, w.schedule, int(w.seed), w.corpus
        ),
        recipe=recipes.ORDERS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/order_corpus.py \
            --settings {params.settings:q} \
            --tokens-record {input.record:q} \
            --idx {input.idx:q} \
            --doc-index {output.doc:q} \
            --sample-index {output.sample:q} \
            --shuffle-index {output.shuffle:q} \
            --record {output.record:q} 2>{log:q}
        """


rule blend_corpora:
    """Decide which corpus of a mix each sample comes from, by GPT-NeoX's law."""
    input:
        orders=runs.mix_orders("index.json"),
    output:
        blend="<results>/orders/<order>/blend.npy",
        record="<results>/orders/<order>/blend.json",
    log:
        "<logs>/blend_corpora/<order>.log",
    conda:
        "../envs/data.yaml"
    params:
        settings=lambda w: settings.blend_settings(STUDY, w.mix, w.schedule),
        orders=runs.by_corpus("--order", "orders"),
        recipe=recipes.ORDERS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/blend_corpora.py \
            --settings {params.settings:q} \
            {params.orders:q} \
            --blend {output.blend:q} \
            --record {output.record:q} 2>{log:q}
        """


rule draw_weights:
    """Draw the initial weights of a size from a seed, the same for every mix."""
    input:
        tokenizer=f"<results>/tokenizers/{STUDY.study.tokenizer}.json",
    output:
        weights="<results>/init/{size}/seed{seed}.safetensors",
        record="<results>/init/{size}/seed{seed}.json",
    log:
        "<logs>/draw_weights/{size}/seed{seed}.log",
    conda:
        "../envs/train.yaml"
    params:
        size=lambda w: settings.entry_settings(STUDY.sizes[w.size]),
        recipe=recipes.INIT,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/draw_weights.py \
            --size {params.size:q} \
            --seed {wildcards.seed} \
            --tokenizer-record {input.tokenizer:q} \
            --weights {output.weights:q} \
            --record {output.record:q} 2>{log:q}
        """
