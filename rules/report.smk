"""Figures, made only from the tables of the stages before, and the summary that a reader starts with."""


rule write_summary:
    """Write the page that says what the mix cost or gained."""
    input:
        comparison="<results>/scaling/comparison.json",
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        scaling=findings.fits(True, False),
        mixes=findings.mix_records(),
        corpora=findings.corpus_records(),
    output:
        report(
            "<results>/summary.html",
            caption="../report/summary.rst",
            category="2 Summary",
            labels={"page": "what the mix cost or gained"},
        ),
    log:
        "<logs>/write_summary.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        given_tokens=findings.given_tokens(),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/write_summary.py \
            --comparison {input.comparison:q} \
            --losses {input.losses:q} \
            --losses-record {input.losses_record:q} \
            --scaling {input.scaling:q} \
            --mixes {input.mixes:q} \
            --corpora-record {input.corpora:q} \
            --given-tokens {params.given_tokens:q} \
            --out {output:q} 2>{log:q}
        """


rule plot_loss_versus_size:
    """Plot loss against parameters without embeddings, a panel a language."""
    input:
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        scaling=findings.fits(True),
        mixes=findings.mix_records(),
    output:
        svg=report(
            "<results>/figures/loss_versus_size.svg",
            caption="../report/loss_versus_size.rst",
            category="3 Loss against size",
            labels={"text": "in domain", "parameters": "without embeddings"},
        ),
        png="<results>/figures/loss_versus_size.png",
    log:
        "<logs>/plot_loss_versus_size.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        options=["--parameters", "nonembedding"],
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plot_loss_versus_size.py \
            --losses {input.losses:q} \
            --losses-record {input.losses_record:q} \
            --scaling {input.scaling:q} \
            --mixes {input.mixes:q} \
            --style {params.style:q} \
            {params.options:q} \
            --out-svg {output.svg:q} \
            --out-png {output.png:q} 2>{log:q}
        """


use rule plot_loss_versus_size as plot_loss_versus_size_total with:
    output:
        svg=report(
            "<results>/figures/loss_versus_size_total.svg",
            caption="../report/loss_versus_size.rst",
            category="3 Loss against size",
            labels={"text": "in domain", "parameters": "with embeddings"},
        ),
        png="<results>/figures/loss_versus_size_total.png",
    log:
        "<logs>/plot_loss_versus_size_total.log",
    localrule: True
    params:
        options=["--parameters", "total"],
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),


use rule plot_loss_versus_size as plot_loss_versus_size_out_of_domain with:
    input:
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        scaling=findings.fits(False),
        mixes=findings.mix_records(),
    output:
        svg=report(
            "<results>/figures/loss_versus_size_out_of_domain.svg",
            caption="../report/loss_versus_size_out_of_domain.rst",
            category="3 Loss against size",
            labels={"text": "out of domain", "parameters": "without embeddings"},
        ),
        png="<results>/figures/loss_versus_size_out_of_domain.png",
    log:
        "<logs>/plot_loss_versus_size_out_of_domain.log",
    localrule: True
    params:
        options=["--out-of-domain"],
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),


rule plot_mix_ratio:
    """Plot the loss of each mix over the loss of one language alone."""
    input:
        comparison="<results>/scaling/comparison.csv",
        comparison_record="<results>/scaling/comparison.json",
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        mixes=findings.mix_records(),
    output:
        svg=report(
            "<results>/figures/mix_ratio.svg",
            caption="../report/mix_ratio.rst",
            category="4 Mix against one language",
            labels={
                "text": "in and out of domain",
                "parameters": "without embeddings",
            },
        ),
        png="<results>/figures/mix_ratio.png",
    log:
        "<logs>/plot_mix_ratio.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plot_mix_ratio.py \
            --comparison {input.comparison:q} \
            --comparison-record {input.comparison_record:q} \
            --losses {input.losses:q} \
            --losses-record {input.losses_record:q} \
            --mixes {input.mixes:q} \
            --style {params.style:q} \
            --out-svg {output.svg:q} \
            --out-png {output.png:q} 2>{log:q}
        """


rule plot_loss_curves:
    """Plot the training loss of every run against tokens."""
    input:
        done=findings.of_runs("done.json"),
        history=ancient(findings.of_runs("history.jsonl")),
        mixes=findings.mix_records(),
    output:
        svg=report(
            "<results>/figures/loss_curves.svg",
            caption="../report/loss_curves.rst",
            category="7 Training",
            labels={
                "text": "training text, against tokens",
                "parameters": "every size",
            },
        ),
        png="<results>/figures/loss_curves.png",
    log:
        "<logs>/plot_loss_curves.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        options=[],
        runs=findings.run_labels(),
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plot_loss_curves.py \
            --history {input.history:q} \
            --done {input.done:q} \
            --run {params.runs:q} \
            --mixes {input.mixes:q} \
            --style {params.style:q} \
            {params.options:q} \
            --out-svg {output.svg:q} \
            --out-png {output.png:q} 2>{log:q}
        """


use rule plot_loss_curves as plot_loss_versus_flops with:
    input:
        done=findings.of_runs("done.json"),
        history=ancient(findings.of_runs("history.jsonl")),
        mixes=findings.mix_records(),
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
    output:
        svg=report(
            "<results>/figures/loss_versus_flops.svg",
            caption="../report/loss_versus_flops.rst",
            category="7 Training",
            labels={
                "text": "training text, against FLOPs",
                "parameters": "every size",
            },
        ),
        png="<results>/figures/loss_versus_flops.png",
    log:
        "<logs>/plot_loss_versus_flops.log",
    localrule: True
    params:
        options=lambda w, input: ["--costs", input.losses, input.losses_record],
        runs=findings.run_labels(),
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
