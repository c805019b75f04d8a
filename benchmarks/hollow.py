"""A hollow twin of the workflow: the same rules and files, but nothing to compute while planning.

Made from the rules' own text and the real plan. Outputs, logs, environments and constraints stay;
inputs are looked up in a table by the job's log path, params are one constant, shells are empty, and
there is no study to read or check.
"""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tenbin.planning import TextInputs
from tenbin.study import corpora

RULE = re.compile(r"^(?:use rule (\w+) as (\w+) with|rule (\w+)):\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE)
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", re.MULTILINE)
FIELD = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
DIRECTIVE = re.compile(r"^    (\w+):(.*\n(?:        .*\n|    \)\n|\n(?=        ))*)", re.MULTILINE)
CONSTRAINT = re.compile(r"(\w+)=(texts\..*?),\n")
KEPT = ("output", "log", "benchmark", "wildcard_constraints", "conda", "localrule")
HEADER = """import json

with open("table.json") as stream:
    TABLE = json.load(stream)
TRAINING_ENVIRONMENT = "../envs/train.yaml"
discardable = temp


def look_up(log):
    return lambda wildcards: TABLE[log.format(**dict(wildcards.items()))]


pathvars:
    results=RESULTS,
    logs=RESULTS + "/logs",
    run="{mix}/{size}/{schedule}/seed{seed}",
    order="{mix}/{schedule}/seed{seed}",


wildcard_constraints:
    split="train|valid",
    shard=r"\\d{5}",
    seed=r"\\d+",
    end_step=r"\\d+",


rule all:
    input:
        TABLE["all"],


"""


def write_hollow_workflow(checkout: Path, plan: str, texts: TextInputs, folder: Path) -> None:
    """Write the twin's Snakefile and table from the rules' text and what a dry run of the real one prints."""
    rules = read_rules(checkout)
    table = read_plan(plan) | tokenizer_inputs(texts)
    (folder / "table.json").write_text(json.dumps(table))
    written = [write_rule(name, directives, texts) for name, directives in rules.items()]
    header = f"RESULTS = {texts.results!r}\n{HEADER}"
    (folder / "Snakefile").write_text(header + "\n\n".join(written))


def read_rules(checkout: Path) -> dict[str, dict[str, str]]:
    """Return every rule's directives as text; a rule that extends another starts from that one's."""
    rules: dict[str, dict[str, str]] = {}
    for path in sorted((checkout / "rules").glob("*.smk")):
        for base, extension, name, body in RULE.findall(path.read_text(encoding="utf-8")):
            rules[extension or name] = rules.get(base, {}) | dict(DIRECTIVE.findall(body))
    return rules


def read_plan(plan: str) -> dict[str, list[str]]:
    """Return the inputs of every planned job by its log's path; `all` has no log and stands under its name."""
    jobs = {name: dict(FIELD.findall(body)) for name, body in JOB.findall(plan) if name == "all"}
    jobs |= {job["log"]: job for _, body in JOB.findall(plan) if "log" in (job := dict(FIELD.findall(body)))}
    return {key: job["input"].split(", ") if "input" in job else [] for key, job in jobs.items()}


def tokenizer_inputs(texts: TextInputs) -> dict[str, list[str]]:
    """Return the inputs of the one rule with a message, of which a dry run prints no more than that."""
    tokenizer: Any = SimpleNamespace(tokenizer=texts.study.study.tokenizer)
    if texts.study.tokenizers[tokenizer.tokenizer].kind == "given":
        return {}
    files = texts.tokenizer_documents(tokenizer) + texts.tokenizer_records(tokenizer)
    log = f"{texts.results}/logs/train_tokenizer/{tokenizer.tokenizer}.log"
    return {log: [file.replace("<results>", texts.results) for file in files]}


def write_rule(name: str, directives: dict[str, str], texts: TextInputs) -> str:
    """Return the hollow rule; a rule without a log has no twin, since nothing can be looked up for it."""
    if "log" not in directives:
        return ""
    log = fill(directives["log"].strip().rstrip(",").strip('"'), texts.results)
    kept = [f"    {key}:{directives[key].rstrip()}" for key in KEPT if key in directives]
    kept += [RESOURCES] if "resources" in directives else []
    text = "\n".join([f"rule {name}:", f"    input:\n        look_up({log!r}),", *kept, CONSTANT, ""])
    return CONSTRAINT.sub(lambda match: f"{match[1]}={evaluate(match[2], texts)!r},\n", text + "\n")


RESOURCES = """    resources:
        nodes=1,
        gpu=1,
        runtime=60,
        placement="x","""


CONSTANT = '''    params:
        constant="x",
    shell:
        ""'''


def fill(log: str, results: str) -> str:
    """Fill in the path variables, as wildcards."""
    order = "{mix}/{schedule}/seed{seed}"
    run = "{mix}/{size}/{schedule}/seed{seed}"
    return log.replace("<logs>", f"{results}/logs").replace("<run>", run).replace("<order>", order)


def evaluate(expression: str, texts: TextInputs) -> Any:
    """Evaluate a constraint of the rules' text; the text is the repository's own."""
    return eval(expression, vars(corpora) | vars(SimpleNamespace(texts=texts)))  # noqa: S307
