"""A bilingual scaling-law study, from text to claims.

Outputs, by stage (`<results>` is results/, or results/<study> for an overlay):

    <results>/packages/{package}, sources/{corpus}/{split}/{shard}       fetched archives and files
    <results>/corpora/{corpus}/{split}/{shard}.jsonl.zst                 documents
    <results>/tokenizers/{tokenizer}/tokenizer.json                      trained or given
    <results>/tokens/{tokenizer}/{corpus}/{split}.{bin,idx}              GPT-NeoX's token format
    <results>/mixes/{mix}.json, orders/{mix}/{schedule}/seed{seed}/      weights, and GPT-NeoX's sample order
    <results>/init/{size}/seed{seed}.safetensors                         initial weights
    <results>/runs/{mix}/{size}/{schedule}/seed{seed}/                   spec, segments, history, model, losses
    <results>/losses.csv, predictions/, scaling/, figures/                the study's result
    <results>/plan.csv, plan.md                                          the price, by `snakemake plan`
"""

import os

from snakemake.utils import min_version

min_version("9.27")


configfile: os.path.join(workflow.basedir, "config.yaml")


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/corpora.smk"
include: "rules/tokens.smk"
include: "rules/mixes.smk"
include: "rules/runs.smk"
include: "rules/losses.smk"
include: "rules/scaling.smk"
include: "rules/claims.smk"
include: "rules/report.smk"
include: "rules/figures.smk"
include: "rules/plan.smk"


rule all:
    default_target: True
    input:
        findings.targets(),
        findings.figures(),


rule data:
    input:
        texts.all_tokens(),


rule train:
    input:
        findings.of_runs("done.json"),


onerror:
    planning.repeat_errors(LOGS, STARTED)
