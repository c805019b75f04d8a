"""`--profile wisteria`: the published study as jobs of Fujitsu's PJM, planned in the root; nothing of it runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from emulators.pjm.cluster import EmulatedPjm
from harness import Workflow

pytestmark = pytest.mark.slow

SHARING = ("--config", "execution={share_gpus: true}")
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)+)", re.MULTILINE)
RESOURCES = re.compile(r"^ {4}resources: (.*)$", re.MULTILINE)


class Profile:
    """Calls of `snakemake --profile` in the root; what they write goes to a folder of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder

    def call(self, *arguments: str, name: str = "wisteria") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--profile", name, "--directory", str(self.folder), *arguments]
        environment = os.environ | {"PYTHONPATH": str(self.root / "src")}
        return subprocess.run(command, cwd=self.root, env=environment, text=True, capture_output=True, check=False)

    def run(self, *arguments: str, name: str = "wisteria") -> str:
        done = self.call(*arguments, name=name)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def asks(self, *arguments: str) -> dict[str, set[str]]:
        """Return what the jobs of each rule ask for in a dry run, without what Snakemake adds by itself."""
        asked: dict[str, set[str]] = {}
        for rule, body in JOB.findall(self.run("--dry-run", *arguments)):
            resources = RESOURCES.search(body)
            words = resources[1].split(", placement=")[0].removeprefix("tmpdir=") if resources else ""
            asked.setdefault(rule, set()).add(words.partition(", ")[2])
        return asked


@pytest.fixture
def profile(repository: Path, tmp_path: Path) -> Profile:
    return Profile(repository, tmp_path)


def local_rules(repository: Path) -> set[str]:
    """Return the rules that the machine that runs Snakemake does itself."""
    texts = "".join(path.read_text(encoding="utf-8") for path in (repository / "rules").glob("*.smk"))
    bodies = re.findall(r"^(?:rule (\w+)|use rule \w+ as (\w+) with):\n((?:    .*\n|\n)*)", texts, re.MULTILINE)
    return {name or other for name, other, body in bodies if "    localrule: True\n" in body}


def test_the_link_in_the_root_leads_to_the_profile(repository: Path) -> None:
    assert (repository / "wisteria").readlink() == Path("profiles/wisteria")


@pytest.mark.parametrize("name", ["wisteria", "profiles/wisteria"])
def test_the_published_study_is_planned(profile: Profile, name: str) -> None:
    printed = profile.run("--dry-run", "--quiet", "rules", name=name)
    counts = dict(re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE))
    assert counts["train_segment"] == "32"
    assert counts["fetch_hub_file"] == "1063"
    assert counts["score_run"] == "36"


def test_every_job_that_is_not_local_asks_for_a_queue_and_its_time(profile: Profile, repository: Path) -> None:
    asked = profile.asks()
    local = local_rules(repository) | {"all"}
    assert {"fetch_hub_file", "fetch_package", "write_spec"} <= local & set(asked)
    for rule, words in asked.items():
        for said in words:
            assert ("queue=" in said and "runtime=" in said) != (rule in local), f"{rule}: {said}"
    assert asked["train_segment"] == {
        "queue=regular-a, nodes=1, gpu=8, runtime=2880",
        "queue=regular-a, nodes=4, gpu=32, runtime=2880",
    }
    assert asked["tokenize_shard"] == {"queue=share, gpu=1, runtime=720"}
    assert asked["score_run"] == {
        "queue=share, nodes=1, gpu=1, runtime=2880",
        "queue=regular-a, nodes=1, gpu=8, runtime=2880",
    }


def test_the_profile_knows_every_rule_that_is_not_local(repository: Path) -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (repository / "rules").glob("*.smk"))
    rules = set(re.findall(r"^rule (\w+):", texts, re.MULTILINE)) - local_rules(repository)
    settings = yaml.safe_load((repository / "profiles" / "wisteria" / "profile.yaml").read_text(encoding="utf-8"))
    assert set(settings["set-resources"]) == rules - {"train_segment"}


def test_one_setting_puts_small_runs_on_shared_gpus(profile: Profile) -> None:
    asked = profile.asks(*SHARING)
    assert asked["train_segment"] == {
        "queue=share, nodes=1, gpu=1, runtime=2880",
        "queue=regular-a, nodes=1, gpu=8, runtime=2880",
        "queue=regular-a, nodes=4, gpu=32, runtime=2880",
    }


def test_the_first_study_asks_for_one_gpu_for_half_an_hour(profile: Profile) -> None:
    asked = profile.asks("train", "--configfile", "wisteria/first.yaml")
    assert asked["train_segment"] == {"queue=share-debug, nodes=1, gpu=1, runtime=30"}
    assert "score_run" not in asked


def test_the_plan_names_each_jobs_queue(profile: Profile) -> None:
    # Snakemake waits for its last timespan to pass before it ends.
    profile.run("--max-jobs-per-timespan", "100/1s", "plan")
    page = (profile.folder / "results" / "published" / "plan.md").read_text(encoding="utf-8")
    table = page.split("## What the jobs ask of the batch system")[1].split("\n## ")[0]
    assert "| train_segment | 24 | regular-a | 1 | 8 | 8 | 48.0 |" in table
    assert "| train_segment | 8 | regular-a | 4 | 32 | 8 | 48.0 |" in table
    assert "| tokenize_shard | 1,063 | share |  | 1 | 8 | 12.0 |" in table
    assert "| score_run | 6 | regular-a | 1 | 8 | 72 | 48.0 |" in table
    assert "fetch_hub_file" not in table


def test_without_a_project_group_nothing_is_submitted(profile: Profile) -> None:
    done = profile.call()
    assert done.returncode == 1
    assert "set-your-group" in done.stderr
    assert "set your project group" in done.stderr
    assert not (profile.folder / "results").exists()


def test_its_jobs_run_where_pjm_is_as_the_emulator_has_it(checkout: Path, workflow: Workflow, tmp_path: Path) -> None:
    text = (checkout / "wisteria" / "profile.yaml").read_text(encoding="utf-8")
    for key, value in {"pjm-group": "gz00", "seconds-between-status-checks": "1\npjm-min-poll-seconds: 1"}.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    (checkout / "wisteria" / "profile.yaml").write_text(text.replace("100/30s", "100/1s"), encoding="utf-8")
    with EmulatedPjm(tmp_path / "pjm", dialect="wisteria", clock=0.05) as pjm:
        target = "results/tiny/tokenizers/bpe512.json"
        environment = pjm.environment() | {"PYTHONPATH": str(workflow.checkout / "src")}
        share = ("--config", "execution={share_gpus: true, shared: {placements: {e3: {micro_batch: 2}}}}")
        done = workflow.call(target, *share, "--profile", str(checkout / "wisteria"), env=environment)
        assert done.returncode == 0, done.stdout[-4000:]
        jobs = [(job.name.split("-", 1)[1], job.rscgrp, job.gpus, job.exit_code) for job in pjm.jobs()]
    assert sorted(jobs) == [("extract_documents", "share", 1, 0)] * 2 + [("train_tokenizer", "share", 1, 0)]


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """Return a folder with the profile, its link and an environment."""
    shutil.copytree(repository / "profiles", tmp_path / "a checkout" / "profiles")
    (tmp_path / "a checkout" / "wisteria").symlink_to("profiles/wisteria")
    activate = tmp_path / "a checkout" / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text("export ACTIVATED=yes\n", encoding="utf-8")
    return tmp_path / "a checkout"


@pytest.mark.parametrize("place", ["wisteria", "profiles/wisteria"])
def test_what_jobs_source_keeps_everything_in_the_checkout(checkout: Path, place: str) -> None:
    done = source(checkout, f"{place}/environment.sh", "module() { echo module $*; }")
    assert done.returncode == 0, done.stderr
    modules, cache, activated = done.stdout.splitlines()
    assert modules.startswith("module load aquarius python/")
    assert cache == str(checkout / ".snakemake" / "cache")
    assert Path(cache).is_dir()
    assert activated == "yes"


def test_a_module_that_does_not_load_ends_what_jobs_source(checkout: Path) -> None:
    assert source(checkout, "wisteria/environment.sh", "module() { return 1; }").returncode == 1


def source(folder: Path, script: str, first: str) -> subprocess.CompletedProcess[str]:
    text = f'{first}; source {script} && printf "%s\\n" "$XDG_CACHE_HOME" "$ACTIVATED"'
    return subprocess.run(["bash", "-c", text], cwd=folder, text=True, capture_output=True, check=False)
