"""The plan: what a study costs before it runs, and what of it is stale. Made anew at every call.

While the study runs in another call, add --nolock: Snakemake ends every call by dropping all locks of its folder.
"""

from tenbin.pricing.budget import stop_over_budget
from tenbin.pricing.dry_run import dry_run_command


rule plan:
    """Price every run, and list what would run and why, from a dry run of everything else."""
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    params:
        study=lambda w: settings.entry_settings(STUDY),
        csv=f"{RESULTS}/plan.csv",
        markdown=f"{RESULTS}/plan.md",
        dry_run=lambda w: dry_run_command(workflow),
    shell:
        r"""
        python "$TENBIN_SCRIPTS"/plan.py \
            --study {params.study:q} \
            --csv {params.csv:q} \
            --markdown {params.markdown:q} \
            --dry-run {params.dry_run:q} 2>{log:q}
        """


onstart:
    stop_over_budget(STUDY, workflow)
