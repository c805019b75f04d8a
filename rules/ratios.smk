"""The mixing ratio, in studies that train on at least five proportions of two languages."""


rule fit_ratios:
    """Fit laws of the proportion of two languages and the frontier between them, where a study sweeps it."""
    input:
        points="<results>/losses.csv",
        record="<results>/losses.json",
        mixes=findings.mix_records(),
        documents=ancient(findings.ratio_documents()),
    output:
        table="<results>/scaling/ratio_frontier.csv",
        record="<results>/scaling/ratio.json",
    log:
        "<logs>/fit_ratios.log",
    conda:
        "../envs/plot.yaml"
    params:
        valids=findings.ratio_valids(),
        code=planning.digest_sources(workflow.basedir, "scaling"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/fit_ratios.py \
            --points {input.points:q} \
            --points-record {input.record:q} \
            --mixes {input.mixes:q} \
            --valids {params.valids:q} \
            --documents {input.documents:q} \
            --out {output.table:q} \
            --record {output.record:q} 2>{log:q}
        """


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
