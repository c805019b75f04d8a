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
