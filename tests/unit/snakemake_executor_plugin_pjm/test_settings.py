"""Settings: as Snakemake reads them from its command line and from profiles, and refused when they mean nothing."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from snakemake.cli import parse_args
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from snakemake_executor_plugin_pjm.settings import ExecutorSettings

PROFILE = """
executor: pjm
pjm-group: gz11
pjm-site: wisteria
pjm-modules: [gcc/12.2.0, cuda/12.6]
pjm-init-script: init.sh
pjm-extra-args: --fs /work -m e
pjm-cache-dir: $PLACE/cache
pjm-min-poll-seconds: 0.5
pjm-lost-after: 60
pjm-time-limit-resubmits: 3
pjm-detach-on-exit: true
pjm-no-stats: false
"""
FROM_PROFILE = {
    "group": "gz11",
    "site": "wisteria",
    "modules": ["gcc/12.2.0", "cuda/12.6"],
    "extra_args": "--fs /work -m e",
    "cache_dir": Path("/elsewhere/cache"),
    "min_poll_seconds": 0.5,
    "lost_after": 60.0,
    "time_limit_resubmits": 3,
    "detach_on_exit": True,
}


def read(*arguments: str) -> ExecutorSettings:
    _, namespace = parse_args([*arguments, "--executor", "pjm"])
    settings = ExecutorPluginRegistry().get_plugin("pjm").get_settings(namespace)
    assert isinstance(settings, ExecutorSettings)
    return settings


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLACE", "/elsewhere")
    (tmp_path / "init.sh").touch()
    (tmp_path / "config.yaml").write_text(PROFILE, encoding="utf-8")
    return tmp_path


def changed(settings: ExecutorSettings) -> dict[str, Any]:
    usual = dataclasses.asdict(ExecutorSettings())
    return {name: value for name, value in dataclasses.asdict(settings).items() if value != usual[name]}


def test_without_a_word_all_are_at_their_defaults() -> None:
    assert changed(read()) == {}


def test_a_profile_sets_them_all_and_finds_files_beside_it(profile: Path) -> None:
    settings = read("--profile", str(profile))
    assert changed(settings) == FROM_PROFILE | {"init_script": profile / "init.sh"}


def test_the_command_line_goes_before_the_profile(profile: Path) -> None:
    settings = read("target", "--profile", str(profile), "--pjm-modules", "gcc", "--pjm-extra-args=--fs /data")
    assert (settings.modules, settings.extra_args, settings.group) == (["gcc"], "--fs /data", "gz11")


def test_one_module_in_a_profile_need_not_be_a_list(profile: Path) -> None:
    (profile / "config.yaml").write_text("executor: pjm\npjm-modules: gcc\n", encoding="utf-8")
    assert read("--profile", str(profile)).modules == ["gcc"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"site": "mars"}, "--pjm-site: there is no 'mars'; choose from wisteria, genkai, flow, fugaku, none"),
        ({"dialect": "slurm"}, "--pjm-dialect: there is no 'slurm'; choose from auto, tcs, wisteria, pjwait"),
        ({"resource_mode": "all"}, "--pjm-resource-mode: there is no 'all'; choose from auto, gpu, node, vnode"),
        ({"time_limit_resubmits": -1}, "--pjm-time-limit-resubmits: -1 is below 0"),
        ({"node_fault_resubmits": -1}, "--pjm-node-fault-resubmits: -1 is below 0"),
        ({"min_poll_seconds": -0.5}, "--pjm-min-poll-seconds: -0.5 is below 0"),
        ({"lost_after": -1}, "--pjm-lost-after: -1 is below 0"),
        ({"elapse_margin_s": -1}, "--pjm-elapse-margin-s: -1 is below 0"),
        ({"node_gpus": 0}, "--pjm-node-gpus: 0 is below 1"),
    ],
)
def test_a_setting_that_means_nothing_is_one_message(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        ExecutorSettings(**setting)
    assert str(refused.value) == message


def test_every_setting_has_a_help_text_that_is_a_sentence_and_says_its_default() -> None:
    for field in dataclasses.fields(ExecutorSettings):
        text = field.metadata["help"]
        assert text[0].isupper(), field.name
        assert text.endswith((".", ")")), field.name
        if field.default not in (None, False, dataclasses.MISSING):
            assert f"(default: {field.default}" in text, field.name


def test_the_init_script_is_looked_for_where_snakemake_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ExecutorSettings(init_script=Path("environment.sh"))
    monkeypatch.chdir("/")
    assert settings.init_script == tmp_path / "environment.sh"
