"""A job is the same job as long as it makes the same in the same way, wherever and however long it runs."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_executor_plugins.utils import TargetSpec

from snakemake_executor_plugin_pjm.identity import target_of, work_of

USUAL = {
    "rule": "train",
    "input": ["spec.json"],
    "output": ["marker.json"],
    "params": {"steps": 10},
    "threads": 1,
    "resources": {"gpu": 8, "runtime": 60},
    "jobid": 4,
}


def job(shell: str = "train {input}", **changed: Any) -> Any:
    properties = USUAL | changed
    return SimpleNamespace(
        is_group=lambda: False,
        properties=lambda: json.dumps(properties),
        rule=SimpleNamespace(shellcmd=shell, script=None),
        output=properties["output"],
        get_target_spec=lambda: [TargetSpec("train", {"size": "e3"})],
    )


def group(*jobs: Any) -> Any:
    return SimpleNamespace(
        is_group=lambda: True,
        jobs=jobs,
        output=[path for member in jobs for path in member.output],
        get_target_spec=lambda: [spec for member in jobs for spec in member.get_target_spec()],
    )


@pytest.mark.parametrize("changed", [{"resources": {"gpu": 1}}, {"threads": 9}, {"jobid": 7}])
def test_place_and_number_do_not_matter(changed: dict[str, Any]) -> None:
    assert target_of(job(**changed)) == target_of(job())
    assert work_of(job(**changed)) == work_of(job())


@pytest.mark.parametrize(
    "changed", [{"input": ["other.json"]}, {"params": {"steps": 11}}, {"shell": "train -v {input}"}]
)
def test_other_work_for_the_same_target(changed: dict[str, Any]) -> None:
    assert target_of(job(**changed)) == target_of(job())
    assert work_of(job(**changed)) != work_of(job())


def test_another_study_in_the_same_folder_is_another_target() -> None:
    assert target_of(job(output=["results/other/marker.json"])) != target_of(job())


def test_the_order_of_a_group_does_not_matter() -> None:
    one, two = job(), job(output=["other.json"])
    assert target_of(group(one, two)) == target_of(group(two, one)) != target_of(one)
    assert work_of(group(one, two)) == work_of(group(two, one)) != work_of(one)
