"""From the config to a checked study, and the input functions of its files."""

import os
import sys
import time

sys.path.insert(0, os.path.join(workflow.basedir, "src"))

from tenbin import planning, recipes
from tenbin.study import settings
from tenbin.study.corpora import FilesCorpus, HubCorpus, PackageCorpus, TokensCorpus

STARTED = time.time()
planning.export_environment(workflow.basedir)
STUDY = planning.load_study(
    config, workflow.configfiles, workflow.overwrite_configfiles
)
RESULTS = STUDY.pathvars.get("results", "results")
LOGS = f"{RESULTS}/logs"
inputs = planning.Inputs(STUDY, RESULTS)


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
