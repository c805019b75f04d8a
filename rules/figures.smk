"""Figures of the mixing ratio, and of how far the fitted curves are to be believed."""


rule plot_evidence:
    """Plot reducible loss and what the fitted laws leave."""
    input:
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        scaling=findings.fits(True),
        mixes=findings.mix_records(),
    output:
        svg=report(
            "<results>/figures/residuals.svg",
            caption="../report/residuals.rst",
            category="6 How sure",
            labels={"text": "in domain", "parameters": "without embeddings"},
        ),
        png="<results>/figures/residuals.png",
    log:
        "<logs>/plot_evidence.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        view="residuals",
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plot_evidence.py \
            --view {params.view} \
            --losses {input.losses:q} \
            --losses-record {input.losses_record:q} \
            --scaling {input.scaling:q} \
            --mixes {input.mixes:q} \
            --style {params.style:q} \
            --out-svg {output.svg:q} \
            --out-png {output.png:q} 2>{log:q}
        """


use rule plot_evidence as plot_local_slopes with:
    output:
        svg=report(
            "<results>/figures/local_slopes.svg",
            caption="../report/local_slopes.rst",
            category="6 How sure",
            labels={"text": "in domain", "parameters": "without and with embeddings"},
        ),
        png="<results>/figures/local_slopes.png",
    log:
        "<logs>/plot_local_slopes.log",
    localrule: True
    params:
        view="slopes",
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),


use rule plot_evidence as plot_profiles with:
    output:
        svg=report(
            "<results>/figures/profiles.svg",
            caption="../report/profiles.rst",
            category="6 How sure",
            labels={"text": "in domain", "parameters": "without embeddings"},
        ),
        png="<results>/figures/profiles.png",
    log:
        "<logs>/plot_profiles.log",
    localrule: True
    params:
        view="profiles",
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),


use rule plot_evidence as plot_loss_by_script with:
    output:
        svg=report(
            "<results>/figures/loss_by_script.svg",
            caption="../report/loss_by_script.rst",
            category="6 How sure",
            labels={"text": "in domain", "parameters": "without embeddings"},
        ),
        png="<results>/figures/loss_by_script.png",
    log:
        "<logs>/plot_loss_by_script.log",
    localrule: True
    params:
        view="scripts",
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),


rule plot_ratios:
    """Plot loss against the proportion of a language, and the frontier between two languages."""
    input:
        record="<results>/scaling/ratio.json",
        table="<results>/scaling/ratio_frontier.csv",
    output:
        proportion_svg=report(
            "<results>/figures/loss_versus_proportion.svg",
            caption="../report/loss_versus_proportion.rst",
            category="5 Mixing ratio",
            labels={"text": "in domain", "parameters": "without embeddings"},
        ),
        proportion_png="<results>/figures/loss_versus_proportion.png",
        frontier_svg=report(
            "<results>/figures/ratio_frontier.svg",
            caption="../report/ratio_frontier.rst",
            category="5 Mixing ratio",
            labels={"text": "both languages", "parameters": "without embeddings"},
        ),
        frontier_png="<results>/figures/ratio_frontier.png",
    log:
        "<logs>/plot_ratios.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        style=settings.entry_settings(STUDY.figures),
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plot_ratios.py \
            --record {input.record:q} \
            --table {input.table:q} \
            --style {params.style:q} \
            --out-proportion {output.proportion_svg:q} {output.proportion_png:q} \
            --out-frontier {output.frontier_svg:q} {output.frontier_png:q} 2>{log:q}
        """
