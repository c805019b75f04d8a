"""Runs: a spec that decides everything, segments that train, and the finished model.

Training is idempotent by the spec's fingerprint: a segment whose work folder holds its checkpoint
takes no step. Everything but the spec is therefore `ancient()` here; the spec names it by SHA-256.
"""


rule write_spec:
    """Write all that decides a run into one file."""
    input:
        mix="<results>/mixes/{mix}.json",
        orders=inputs.mix_orders("index.json"),
        blend="<results>/orders/<order>/blend.json",
        init="<results>/init/{size}/seed{seed}.json",
        tokenizer=f"<results>/tokenizers/{STUDY.study.tokenizer}.json",
    output:
        "<results>/runs/<run>/spec.json",
    log:
        "<logs>/write_spec/<run>.log",
    localrule: True
    conda:
        "../envs/train.yaml"
    params:
        settings=lambda w: settings.run_settings(STUDY, inputs.run(w)),
        orders=inputs.by_corpus("--order", "orders"),
        recipe=recipes.SPECS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/write_spec.py \
            --settings {params.settings:q} \
            --mix {input.mix:q} \
            {params.orders:q} \
            --blend {input.blend:q} \
            --init {input.init:q} \
            --tokenizer {input.tokenizer:q} \
            --spec {output:q} 2>{log:q}
        """


rule train_segment:
    """Train one run up to a step, from its newest checkpoint."""
    input:
        spec="<results>/runs/<run>/spec.json",
        previous=inputs.previous_segment,
        bin=ancient(inputs.mix_tokens(".bin")),
        idx=ancient(inputs.mix_tokens(".idx")),
        orders=ancient(
            inputs.mix_orders("doc_idx.npy", "sample_idx.npy", "shuffle_idx.npy")
        ),
        blend=ancient("<results>/orders/<order>/blend.npy"),
        init=ancient("<results>/init/{size}/seed{seed}.safetensors"),
    output:
        "<results>/runs/<run>/segments/{end_step}.json",
    log:
        "<logs>/train_segment/<run>/{end_step}.log",
    benchmark:
        "<results>/benchmarks/train_segment/<run>/{end_step}.tsv"
    conda:
        "../envs/train.yaml"
    threads: STUDY.execution.threads_per_run
    params:
        tokens=inputs.by_corpus("--tokens", "bin"),
        previous=lambda w, input: planning.repeat_flag("--previous", input.previous),
        orders=subpath(input.blend, parent=True),
        work=STUDY.execution.work,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/train_segment.py \
            --spec {input.spec:q} \
            {params.tokens:q} \
            --orders {params.orders:q} \
            --init {input.init:q} \
            --end-step {wildcards.end_step} \
            --work {params.work:q} \
            --threads {threads} \
            {params.previous:q} \
            --marker {output:q} 2>{log:q}
        """


rule finish_run:
    """Gather a run's history and write its model as a Hugging Face folder."""
    input:
        spec="<results>/runs/<run>/spec.json",
        marker=inputs.last_segment,
        tokenizer=ancient(
            f"<results>/tokenizers/{STUDY.study.tokenizer}/tokenizer.json"
        ),
    output:
        history="<results>/runs/<run>/history.jsonl",
        model=directory("<results>/runs/<run>/model"),
        done="<results>/runs/<run>/done.json",
    log:
        "<logs>/finish_run/<run>.log",
    conda:
        "../envs/train.yaml"
    params:
        work=STUDY.execution.work,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/finish_run.py \
            --spec {input.spec:q} \
            --marker {input.marker:q} \
            --work {params.work:q} \
            --tokenizer {input.tokenizer:q} \
            --history {output.history:q} \
            --model {output.model:q} \
            --done {output.done:q} 2>{log:q}
        """
