"""What a job asks for: either name of a thing, whole numbers only, and no word that PJM would read otherwise."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pjm_demands import group_job, job
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.demand import demand_of, is_decided
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

NONE = ExecutorSettings()


@pytest.mark.parametrize(
    ("resources", "name", "value"),
    [
        ({"gpu": 8}, "gpus", 8),
        ({"gpus": 8}, "gpus", 8),
        ({"gpu": 8, "gpus": "8"}, "gpus", 8),
        ({"gpu": 0}, "gpus", 0),
        ({"queue": "share"}, "rscgrp", "share"),
        ({"pjm_rscgrp": "share", "queue": "share"}, "rscgrp", "share"),
        ({"runtime": 2820}, "runtime_min", 2820),
        ({"runtime": 0.5}, "runtime_min", 1),
        ({"nodes": 4}, "nodes", 4),
        ({"tasks": 32}, "tasks", 32),
        ({"vnode_core": 30}, "vnode_cores", 30),
        ({"pjm_group": "gz11"}, "group", "gz11"),
        ({"pjm_env": "A=/vol0004,B_2=x:y"}, "variables", "A=/vol0004,B_2=x:y"),
        ({"pjm_jobenv": "singularity"}, "jobenv", "singularity"),
        ({"pjm_extra": "--fs /work -m e"}, "extra", ("--fs /work -m e",)),
        ({"pjm_extra": ""}, "extra", ()),
        ({"mem_mb": 448000}, "mem_mb", 448000),
        ({"mem_mb": "<TBD>"}, "mem_mb", None),
        ({}, "runtime_min", None),
    ],
)
def test_a_resource_is_read(resources: dict[str, Any], name: str, value: object) -> None:
    assert getattr(demand_of(job(**resources), NONE), name) == value


@given(minutes=st.one_of(st.integers(1, 10**6), st.floats(1e-3, 1e6)))
def test_a_begun_minute_is_asked_for_whole(minutes: float) -> None:
    asked_min = demand_of(job(runtime=minutes), NONE).runtime_min
    assert asked_min == math.ceil(minutes)


def test_resources_go_before_settings() -> None:
    settings = ExecutorSettings(group="gz11", rscgrp="share", extra_args="--fs /work")
    plain = demand_of(job(), settings)
    assert (plain.group, plain.rscgrp, plain.extra) == ("gz11", "share", ("--fs /work",))
    own = demand_of(job(pjm_group="gz22", queue="regular-a", pjm_extra="-m e"), settings)
    assert (own.group, own.rscgrp, own.extra) == ("gz22", "regular-a", ("--fs /work", "-m e"))


def test_jobs_that_run_as_one_go_by_the_name_of_their_group() -> None:
    demand = demand_of(group_job("trains", gpu=2), NONE)
    assert (demand.rule, demand.title, demand.gpus) == ("trains", "group trains", 2)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"gpu": 1, "gpus": 2}, "rule train: gpu=1 and gpus=2 mean the same and differ; keep one of them"),
        ({"queue": "a", "pjm_rscgrp": "b"}, "pjm_rscgrp=b and queue=a mean the same and differ"),
        ({"gpu": "two"}, "rule train: resource gpu=two is no whole number from 0 on"),
        ({"gpus": "two"}, "resource gpus=two is no whole number from 0 on"),
        ({"queue": "a b"}, "resource queue is 'a b'"),
        ({"gpu": -1}, "resource gpu=-1 is no whole number"),
        ({"nodes": 0}, "resource nodes=0 is no whole number from 1 on"),
        ({"nodes": 1.5}, "resource nodes=1.5 is no whole number"),
        ({"nodes": True}, "resource nodes=True is no whole number"),
        ({"runtime": 0}, "resource runtime=0 is no number of minutes above 0"),
        ({"runtime": "48:00:00"}, "resource runtime=48:00:00 is no number of minutes"),
        ({"pjm_group": "my group"}, "resource pjm_group is 'my group'; letters, digits"),
        ({"pjm_rscgrp": 'a"b'}, "resource pjm_rscgrp is 'a\"b'"),
        ({"pjm_jobenv": "${X}"}, "resource pjm_jobenv is"),
        ({"pjm_group": "a,b"}, "resource pjm_group is 'a,b'"),
        ({"pjm_env": "A=b c"}, "resource pjm_env is 'A=b c'; it holds NAME=VALUE,... without blanks"),
        ({"pjm_env": "A='b'"}, "resource pjm_env is"),
        ({"pjm_env": "HOME"}, "resource pjm_env is 'HOME'"),
        ({"pjm_env": "A=$HOME"}, "resource pjm_env is"),
        ({"pjm_extra": "node=1"}, "pjm_extra: 'node=1' is no line of pjsub's options; it begins with -"),
        ({"pjm_extra": "-m e\necho"}, "is no line of pjsub's options"),
        ({"pjm_extra": "-m e -N mine"}, "pjm_extra: leave -N out; this executor sets it"),
        ({"pjm_extra": "--name=mine"}, "pjm_extra: leave --name out; this executor sets it"),
        ({"pjm_extra": "-Nmine"}, "pjm_extra: leave -N out; this executor sets it"),
        ({"pjm_extra": "--restart"}, "leave --restart out; this executor sets it"),
        ({"pjm_extra": "--bulk --sparam 0-9"}, "leave --bulk out; this executor cannot watch such a job"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(resources: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        demand_of(job(**resources), NONE)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group": "gz 11"}, "setting pjm-group is 'gz 11'"),
        ({"rscgrp": "share;"}, "setting pjm-rscgrp is 'share;'"),
        ({"extra_args": "-o log"}, "--pjm-extra-args: leave -o out; this executor sets it"),
    ],
)
def test_settings_are_checked_like_resources(settings: dict[str, str], message: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        demand_of(job(), ExecutorSettings(**settings))
    assert message in str(refused.value)


def test_a_resource_that_waits_for_inputs_leaves_the_demand_open() -> None:
    assert is_decided(job(runtime=10, mem_mb="<TBD>"))
    assert not is_decided(job(runtime="<TBD>"))
    assert not is_decided(job(gpu="<TBD>"))


@given(word=st.text(max_size=12))
def test_no_word_reaches_a_pjm_line_that_would_end_it_or_its_field(word: str) -> None:
    try:
        demand = demand_of(job(pjm_group=word, pjm_rscgrp=word, pjm_jobenv=word, pjm_env=f"A={word}"), NONE)
    except WorkflowError:
        return
    for value in (demand.group, demand.rscgrp, demand.jobenv, demand.variables):
        assert not set(value or "") & set(" \t\n\r\"'`$\\{}();&|<>#")
