"""Runs: a spec that decides everything, segments that train, and the finished model.

Training is idempotent by the spec's fingerprint: a segment whose work folder holds its checkpoint
takes no step. Everything but the spec is therefore `ancient()` here; the spec names it by SHA-256.
"""


rule write_spec:
    """Write all that decides a run into one file."""
    input:
        mix="<results>/mixes/{mix}.json",
        orders=runs.mix_orders("index.json"),
        blend=runs.blend("blend.json"),
        init="<results>/init/{size}/seed{seed}.json",
        trunk=runs.trunk_spec,
        tokenizer=f"<results>/tokenizers/{STUDY.study.tokenizer}.json",
    output:
        "<results>/runs/<run>/spec.json",
    log:
        "<logs>/write_spec/<run>.log",
    localrule: True
    conda:
        "../envs/train.yaml"
    params:
        settings=lambda w: settings.run_settings(STUDY, runs.run(w)),
        orders=runs.by_corpus("--order", "orders"),
        trunk=lambda w, input: planning.repeat_flag("--trunk-spec", input.trunk),
        recipe=recipes.SPECS,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/write_spec.py \
            --settings {params.settings:q} \
            --mix {input.mix:q} \
            {params.orders:q} \
            --blend {input.blend:q} \
            --init {input.init:q} \
            {params.trunk:q} \
            --tokenizer {input.tokenizer:q} \
            --spec {output:q} 2>{log:q}
        """


rule link_neox_data:
    """Link tokens and index maps under GPT-NeoX's own names, so that it builds none itself."""
    input:
        bin=ancient(runs.mix_tokens(".bin")),
        idx=ancient(runs.mix_tokens(".idx")),
        maps=ancient(
            runs.mix_orders("doc_idx.npy", "sample_idx.npy", "shuffle_idx.npy")
        ),
        orders=runs.mix_orders("index.json"),
        blend=runs.blend("blend.json"),
    output:
        links=directory("<results>/neox/<order>"),
        record="<results>/neox/<order>.json",
    log:
        "<logs>/link_neox_data/<order>.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        tokens=runs.by_corpus("--tokens", "bin"),
        orders=subpath(input.blend, parent=True),
        batch_size=lambda w: STUDY.schedules[w.schedule].batch_size,
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/link_neox_data.py \
            {params.tokens:q} \
            --orders {params.orders:q} \
            --batch-size {params.batch_size} \
            --folder {output.links:q} \
            --record {output.record:q} 2>{log:q}
        """


rule train_segment:
    """Train one run up to a step, from its newest checkpoint."""
    input:
        spec="<results>/runs/<run>/spec.json",
        previous=runs.previous_segment,
        bin=ancient(runs.mix_tokens(".bin")),
        idx=ancient(runs.mix_tokens(".idx")),
        orders=ancient(
            runs.mix_orders("doc_idx.npy", "sample_idx.npy", "shuffle_idx.npy")
        ),
        blend=ancient(runs.blend("blend.npy")),
        init=ancient("<results>/init/{size}/seed{seed}.safetensors"),
        tokenizer=ancient(
            f"<results>/tokenizers/{STUDY.study.tokenizer}/tokenizer.json"
        ),
        neox=runs.neox_links,
        # The largest size waits until it was forecast from the others; nothing of the forecast enters a run.
        forecasts=ancient(forecasts.before),
    output:
        "<results>/runs/<run>/segments/{end_step}.json",
    log:
        "<logs>/train_segment/<run>/{end_step}.log",
    priority: runs.priority
    conda:
        TRAINING_ENVIRONMENT
    threads: STUDY.execution.threads_per_run
    resources:
        queue=runs.queue,
        nodes=runs.nodes,
        gpu=runs.gpus,
        runtime=runs.runtime_min,
        # Not a param: where and how long a job runs is no reason to run it again.
        placement=lambda w: settings.placement_settings(STUDY, w.size),
    params:
        tokens=runs.by_corpus("--tokens", "bin"),
        neox=lambda w, input: planning.repeat_flag("--neox-links", input.neox),
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
            --placement {resources.placement:q} \
            --tokenizer {input.tokenizer:q} \
            --threads {threads} \
            {params.neox:q} \
            {params.previous:q} \
            --marker {output:q} 2>{log:q}
        """


rule finish_run:
    """Gather a run's history and write its model as a Hugging Face folder."""
    input:
        spec="<results>/runs/<run>/spec.json",
        marker=runs.last_segment,
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
        TRAINING_ENVIRONMENT
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
