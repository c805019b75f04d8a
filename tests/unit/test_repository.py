"""The repository agrees with itself: commands, versions, links."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

COMMAND = re.compile(r"^    (\S.*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:snakemake|make|python|source) [^`]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def pins(repository: Path) -> dict[str, str]:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["cluster"], *extras["dev"]]
    return dict(pin.split("==") for pin in wanted if pin != "tenbin[cluster]")


def test_every_dependency_is_pinned(repository: Path) -> None:
    assert all(version for version in pins(repository).values())


def test_constraints_are_of_the_same_versions(repository: Path) -> None:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").split()
    locked = {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}
    for name, version in pins(repository).items():
        assert locked[name.lower().replace("_", "-")] == version, f"run `make lock`: {name}"


@pytest.mark.parametrize("name", ["data", "train", "neox", "plot"])
def test_conda_environments_hold_the_pinned_versions(name: str, repository: Path) -> None:
    environment = yaml.safe_load((repository / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip
    for pin in pip:
        package, version = pin.split("==")
        assert pins(repository)[package] == version


def test_both_readmes_give_the_same_commands(repository: Path) -> None:
    english, japanese = ((repository / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md"))
    assert COMMAND.findall(english) == COMMAND.findall(japanese)
    commands = INLINE.findall(english)
    assert commands
    assert set(commands) <= set(INLINE.findall(japanese))


def test_links_of_documents_lead_somewhere(repository: Path) -> None:
    for page in [*repository.glob("*.md"), *(repository / "docs").glob("*.md")]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_make_targets_named_in_documents_exist(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    for page in [*repository.glob("*.md"), *(repository / "docs").glob("*.md")]:
        for target in re.findall(r"\bmake ([a-z][a-z-]+)\b(?=[`\s])", page.read_text(encoding="utf-8")):
            if target in ENGLISH_WORDS:
                continue
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


ENGLISH_WORDS = {"and", "the", "it", "what", "is", "a"}
