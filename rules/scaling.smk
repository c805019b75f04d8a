"""Scaling laws, and what the mix cost or gained, from the table of losses."""


rule fit_curves:
    """Fit loss against parameters for every training mix on one validation set."""
    input:
        points="<results>/losses.csv",
        record="<results>/losses.json",
        documents=ancient(findings.documents),
    output:
        "<results>/scaling/{valid}.json",
    log:
        "<logs>/fit_curves/{valid}.log",
    conda:
        "../envs/plot.yaml"
    params:
        code=planning.digest_sources(workflow.basedir, "scaling"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/fit_curves.py \
            --points {input.points:q} \
            --points-record {input.record:q} \
            --valid {wildcards.valid} \
            --documents {input.documents:q} \
            --out {output:q} 2>{log:q}
        """


rule compare_mixes:
    """Compare each language alone with the mixes that hold it."""
    input:
        points="<results>/losses.csv",
        record="<results>/losses.json",
        documents=ancient(findings.documents()),
    output:
        table="<results>/scaling/comparison.csv",
        record="<results>/scaling/comparison.json",
    log:
        "<logs>/compare_mixes.log",
    conda:
        "../envs/plot.yaml"
    params:
        comparisons=settings.comparison_settings(STUDY),
        margin=STUDY.claims.margin,
        code=planning.digest_sources(workflow.basedir, "scaling"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/compare_mixes.py \
            --points {input.points:q} \
            --points-record {input.record:q} \
            --comparisons {params.comparisons:q} \
            --margin {params.margin} \
            --documents {input.documents:q} \
            --out {output.table:q} \
            --record {output.record:q} 2>{log:q}
        """


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
