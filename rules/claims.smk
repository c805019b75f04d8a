"""Claims: the largest size forecast before it is trained, and each claim judged by numbers of the scaling stage."""


rule predict_largest:
    """Forecast the largest size from the losses of smaller runs."""

    # No digest of the code: a forecast that was written stays, whatever a later version of the fit would say.
    input:
        losses=forecasts.losses(),
    output:
        "<results>/predictions.json",
    log:
        "<logs>/predict_largest.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        target=forecasts.target(),
        folder=subpath(output[0], strip_suffix=".json"),
        runs=forecasts.forecast_runs(),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/predict_largest.py \
            --losses {input.losses:q} \
            --target {params.target:q} \
            --runs {params.runs:q} \
            --folder {params.folder:q} \
            --out {output:q} 2>{log:q}
        """


rule judge_claims:
    """Say of each claim whether the results confirm it, refute it or leave it undecided."""
    input:
        claims=findings.claims(),
        comparison="<results>/scaling/comparison.json",
        scaling=findings.fits(True, False),
        losses="<results>/losses.csv",
        losses_record="<results>/losses.json",
        # Not ancient as in train_segment: Snakemake makes what is needed by ancient edges alone only when it is missing.
        forecasts=forecasts.index(),
    output:
        table="<results>/scaling/claims.csv",
        record="<results>/scaling/claims.json",
    log:
        "<logs>/judge_claims.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        claims=lambda w, input: planning.repeat_flag("--claims", input.claims),
        own_claims=planning.digest_claims(workflow.basedir),
        languages=findings.mix_languages(),
        margin=STUDY.claims.margin,
        forecasts=lambda w, input: planning.repeat_flag("--forecasts", input.forecasts),
        code=planning.digest_sources(workflow.basedir, "claims"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/judge_claims.py \
            {params.claims:q} \
            --comparison {input.comparison:q} \
            --scaling {input.scaling:q} \
            --losses {input.losses:q} \
            --losses-record {input.losses_record:q} \
            {params.forecasts:q} \
            --languages {params.languages:q} \
            --margin {params.margin} \
            --out {output.table:q} \
            --record {output.record:q} 2>{log:q}
        """


rule write_verdicts:
    """Write the page of verdicts, which a reader sees first, with an abstract in Japanese."""
    input:
        claims="<results>/scaling/claims.json",
    output:
        report(
            "<results>/verdicts.html",
            caption="../report/verdicts.rst",
            category="1 Verdicts",
            labels={"page": "each claim and its verdict"},
        ),
    log:
        "<logs>/write_verdicts.log",
    localrule: True
    conda:
        "../envs/plot.yaml"
    params:
        code=planning.digest_sources(workflow.basedir, "figures"),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/write_verdicts.py \
            --claims {input.claims:q} \
            --out {output:q} 2>{log:q}
        """
