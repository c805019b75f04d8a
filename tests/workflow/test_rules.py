"""The rules as files: names, targets, and what every rule must state."""

import re
from pathlib import Path

import pytest

RULE = re.compile(r"^rule (\w+):\n((?:    .*\n|\n)*)", re.MULTILINE)


def rules(repository: Path) -> dict[str, str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((repository / "rules").glob("*.smk"))]
    return {name: body for text in texts for name, body in RULE.findall(text)}


def test_every_rule_runs_the_script_of_its_own_name(repository: Path) -> None:
    for name, body in rules(repository).items():
        assert f'python "$TENBIN_SCRIPTS"/{name}.py' in body
        assert (repository / "scripts" / f"{name}.py").is_file()


def test_every_rule_says_what_it_does_and_keeps_a_log(repository: Path) -> None:
    for name, body in rules(repository).items():
        assert body.lstrip().startswith('"""'), name
        assert "    log:\n" in body, name
        assert "2>{log:q}" in body, name


@pytest.mark.parametrize("rule", ["fetch_package", "fetch_hub_file"])
def test_downloads_are_local_jobs_because_compute_nodes_see_no_internet(rule: str, repository: Path) -> None:
    assert "    localrule: True\n" in rules(repository)[rule]


def test_no_rule_runs_python_of_its_own(repository: Path) -> None:
    for path in [repository / "Snakefile", *(repository / "rules").glob("*.smk")]:
        assert "    run:\n" not in path.read_text(encoding="utf-8")


def test_the_snakefile_and_rules_stay_short(repository: Path) -> None:
    assert len((repository / "Snakefile").read_text(encoding="utf-8").splitlines()) <= 60
    for path in (repository / "rules").glob("*.smk"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_no_source_file_is_longer_than_a_reader_will_read(repository: Path) -> None:
    for folder in ("src", "scripts", "tests", "benchmarks"):
        for path in (repository / folder).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_every_overlay_keeps_its_results_apart(repository: Path) -> None:
    for path in (repository / "config").glob("*.yaml"):
        assert f"results: results/{path.stem}" in path.read_text(encoding="utf-8"), path
