"""The folder is the root of a distribution of its own, which holds all of its modules and needs nothing beside it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import fields
from email.parser import Parser
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from pjm_demands import job
from snakemake.cli import parse_args
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from snakemake_executor_plugin_pjm.request import request_of
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

PACKAGE = "snakemake_executor_plugin_pjm"
LEFT_BY_TOOLS = ignore_patterns("__pycache__", "build", "*.egg-info")
IMPORTED_ALONE = """
import importlib.util, pathlib, sys
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
import snakemake_executor_plugin_pjm as package
assert pathlib.Path(package.__file__).parent.parent == pathlib.Path(sys.argv[1]), package.__file__
assert importlib.util.find_spec("tenbin") is None
plugin = ExecutorPluginRegistry().get_plugin("pjm")
print(plugin.settings_cls.__module__, plugin.common_settings.non_local_exec)
"""


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "src" / PACKAGE


@pytest.fixture(scope="module")
def wheel(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the distribution from a copy of the folder alone."""
    place = tmp_path_factory.mktemp("package")
    copytree(folder, place / "source", ignore=LEFT_BY_TOOLS)
    isolated = [] if find_spec("setuptools") is None else ["--no-build-isolation"]
    pip("wheel", *isolated, "--wheel-dir", str(place), str(place / "source"))
    (built,) = place.glob("*.whl")
    return built


def pip(*arguments: str) -> None:
    words = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", arguments[0], "--no-deps"]
    subprocess.run([*words, *arguments[1:]], check=True)


def modules_of(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*.py"))
    return {f"{PACKAGE}/{path}" for path in paths if path.parts[0] != "build"}


@pytest.mark.slow
def test_the_wheel_holds_exactly_the_modules(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == modules_of(folder) | {f"{PACKAGE}/py.typed"}


@pytest.mark.slow
def test_the_wheel_says_what_it_is(wheel: Path, folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Name"] == "snakemake-executor-plugin-pjm"
    assert metadata["Version"] == project["version"]
    assert metadata.get_payload().lstrip().startswith("# ")
    assert f"## {project['version']}" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_installed_it_is_found_by_snakemake_without_this_repository(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip("install", "--target", str(target), str(wheel))
    # -S leaves out site-packages, and with it an editable installation of this repository; what Snakemake needs stays.
    interfaces = Path(pytest.__file__).parents[1]
    words = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path.append({str(interfaces)!r})\n{IMPORTED_ALONE}",
        str(target),
    ]
    done = subprocess.run(
        words, cwd=tmp_path, env={"PYTHONPATH": str(target)}, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr) == (f"{PACKAGE}.settings True\n", "")


def test_the_oldest_versions_it_asks_for_are_not_newer_than_the_installed_ones(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        name, bounds = requirement.split(">=")
        lowest, highest = bounds.split(",<")
        assert numbers(lowest) <= numbers(version(name)) < numbers(highest)


def numbers(dotted: str) -> list[int]:
    return [int(part) for part in dotted.split(".")]


def test_no_module_needs_the_rest_of_this_repository(folder: Path) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    assert sources
    assert not [path for path, text in sources.items() if "import tenbin" in text or "from tenbin" in text]


def test_the_license_is_the_repositorys(folder: Path, repository: Path) -> None:
    assert (folder / "LICENSE").read_bytes() == (repository / "LICENSE").read_bytes()


def test_the_readme_names_every_setting_and_no_other(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    options = {f"--pjm-{field.name.replace('_', '-')}" for field in fields(ExecutorSettings)}
    assert set(re.findall(r"^\| `(--pjm-[a-z-]+)`", text, re.MULTILINE)) == options
    assert {option for page in ("README.md", "docs/further.md") for option in mentioned(folder / page)} <= options


def mentioned(page: Path) -> set[str]:
    return set(re.findall(r"--pjm-[a-z-]*[a-z]", page.read_text(encoding="utf-8")))


def test_profiles_in_the_documents_are_taken(folder: Path, tmp_path: Path) -> None:
    for page in ("README.md", "docs/further.md"):
        (profile,) = re.findall(r"```yaml\n(.*?)```", (folder / page).read_text(encoding="utf-8"), re.DOTALL)
        (tmp_path / "config.yaml").write_text(profile, encoding="utf-8")
        _, arguments = parse_args(["--profile", str(tmp_path)])
        settings = ExecutorPluginRegistry().get_plugin("pjm").get_settings(arguments)
        for rule, resources in arguments.set_resources.items():
            stated = {name: one.raw if one.is_evaluable() else one.value for name, one in resources.items()}
            assert request_of(job(rule, **stated), f"abcdefghij-{rule}", settings).elapse_s
