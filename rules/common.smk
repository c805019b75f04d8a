"""From the config to a checked study, and the input functions of its files."""

import os
import sys
import time

sys.path.insert(0, os.path.join(workflow.basedir, "src"))

from tenbin import planning, recipes
from tenbin.study import settings
from tenbin.study.corpora import (
    FilesCorpus,
    HubCorpus,
    HubTokensCorpus,
    PackageCorpus,
    TokensCorpus,
)

STARTED = time.time()
planning.export_environment(workflow.basedir, runs_jobs_here=workflow.is_main_process)
STUDY = planning.load_study(
    config, workflow.configfiles, workflow.overwrite_configfiles
)
RESULTS = STUDY.pathvars.get("results", "results")
LOGS = f"{RESULTS}/logs"
texts = planning.TextInputs(STUDY, RESULTS)
runs = planning.RunInputs(STUDY, RESULTS)
findings = planning.FindingInputs(STUDY)
forecasts = planning.ForecastInputs(STUDY, runs)
if workflow.is_main_process:
    planning.restore_forecasts(RESULTS)
# Paths of environments are relative to the folder of rules.
TRAINING_ENVIRONMENT = (
    "../envs/neox.yaml" if STUDY.study.engine == "neox" else "../envs/train.yaml"
)
# Large studies need not hold text and tokens at once.
discardable = temp if STUDY.execution.discard_documents else str


pathvars:
    results=RESULTS,
    logs=LOGS,
    run="{mix}/{size}/{schedule}/seed{seed}",
    order="{mix}/{schedule}/seed{seed}",


wildcard_constraints:
    package="[a-z0-9]+",
    corpus="[a-z0-9]+",
    split="train|valid",
    shard=r"\d{5}",
    tokenizer="[a-z0-9]+",
    mix="[a-z0-9]+",
    size="[a-z0-9]+",
    schedule="[a-z0-9]+",
    seed=r"\d+",
    valid="[a-z0-9]+",
    end_step=r"\d+",
