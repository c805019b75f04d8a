"""A request is the lines that PJM reads, in order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pjm_demands import at_wisteria, group_job, job
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_pjm.request import request_of
from snakemake_executor_plugin_pjm.settings import ExecutorSettings

NAME = "abcdefghij-train"


def options(settings: ExecutorSettings, **resources: Any) -> tuple[str, ...]:
    return request_of(job(**resources), NAME, settings).options


def test_a_job_of_whole_nodes_in_full() -> None:
    request = request_of(job(threads=72, queue="regular-a", nodes=4, gpu=32, runtime=2820), NAME, at_wisteria())
    assert (request.rule, request.name, request.rscgrp) == ("train", NAME, "regular-a")
    assert (request.elapse_s, request.threads) == (169_200, 72)
    assert request.options == (
        "-g gz11",
        f"-N {NAME}",
        "-L rscgrp=regular-a",
        "-L node=4",
        "-L elapse=47:00:00",
        "-j",
        "--norestart",
    )


def test_all_that_can_be_asked_for() -> None:
    settings = at_wisteria(extra_args="--fs /work")
    more = {"tasks": 2, "pjm_env": "A=b,C=d", "pjm_jobenv": "singularity", "pjm_extra": "-m e"}
    assert options(settings, queue="share", gpu=2, runtime=90, **more) == (
        "-g gz11",
        f"-N {NAME}",
        "-L rscgrp=share",
        "-L gpu=2",
        "-L elapse=1:30:00",
        "-L jobenv=singularity",
        "--mpi proc=2",
        "-x A=b,C=d",
        "-j",
        "--norestart",
        "--fs /work",
        "-m e",
    )


def test_where_nothing_is_said_pjm_decides() -> None:
    request = request_of(job(), NAME, ExecutorSettings())
    assert request.options == (f"-N {NAME}", "-j", "--norestart")
    assert (request.rscgrp, request.elapse_s) == (None, None)


def test_under_another_name_it_asks_for_the_same() -> None:
    request = request_of(job(queue="share", gpu=2, runtime=90), NAME, at_wisteria())
    assert request.renamed("klmnopqrst-train") == request_of(
        job(queue="share", gpu=2, runtime=90), "klmnopqrst-train", at_wisteria()
    )


def test_memory_is_never_a_limit() -> None:
    assert not [option for option in options(ExecutorSettings(), mem_mb=4000, disk_mb=10**6) if "mem" in option]


def test_jobs_that_run_as_one_ask_once() -> None:
    request = request_of(group_job("trains", queue="share", gpu=2, runtime=30), "abcdefghij-trains", at_wisteria())
    assert request.rule == "trains"
    assert "-L gpu=2" in request.options


@given(minutes=st.floats(0.001, 2880, exclude_min=True))
def test_the_time_asked_for_covers_the_runtime_by_less_than_a_minute(minutes: float) -> None:
    request = request_of(job(queue="regular-a", runtime=minutes), NAME, at_wisteria())
    assert request.elapse_s is not None
    assert 0 <= request.elapse_s - 60 * minutes < 60
    (written,) = [option.partition("=")[2] for option in request.options if option.startswith("-L elapse=")]
    hours, rest = written.split(":", 1)
    assert rest.endswith(":00")
    assert 60 * int(hours) + int(rest[:2]) == request.elapse_s / 60


def test_what_the_site_forbids_never_becomes_a_request() -> None:
    with pytest.raises(
        WorkflowError, match=r"^rule train: runtime 2881 min > 48:00:00 allowed by regular-a with 1 node"
    ):
        options(at_wisteria(), queue="regular-a", runtime=2881)
