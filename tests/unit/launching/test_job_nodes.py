"""The nodes of a job: what batch systems say of them, read right or refused in one message."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.launching.job_nodes import JobNodes, address_of, find_job_nodes

NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True), min_size=1, max_size=6, unique=True)
SCONTROL = """#!/bin/sh
case "$2" in
hostnames) [ "$3" = "aq[1-3]" ] || exit 1; printf 'aq1\\naq2\\naq3\\n' ;;
node) echo "NodeName=$4 Arch=x86_64 NodeAddr=10.1.2.3 Comment=a b=c State=IDLE" ;;
esac
"""


@pytest.fixture
def slurm(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a job of three nodes, with a stand-in for scontrol."""
    program = tmp_path / "scontrol"
    program.write_text(SCONTROL)
    program.chmod(0o755)
    return {"SLURM_JOB_NODELIST": "aq[1-3]", "PATH": f"{tmp_path}:/usr/bin:/bin"}


@given(names=NAMES, times=st.integers(1, 4), ending=st.sampled_from(["", ":8", " slots=8 # fast", "\n"]))
def test_a_node_file_lists_a_node_once_or_once_for_each_process(tmp_path_factory, names, times, ending):
    path = tmp_path_factory.mktemp("nodes") / "nodes"
    path.write_text("".join(f"{name}{ending}\n" for name in names for _ in range(times)))
    assert find_job_nodes({"PJM_O_NODEINF": str(path)}) == JobNodes("pjm", tuple(names), path)


def test_slurm_expands_its_own_list(slurm):
    nodes = find_job_nodes(slurm)
    assert nodes == JobNodes("slurm", ("aq1", "aq2", "aq3"))
    assert nodes.first(2) == ("aq1", "aq2")


def test_slurms_older_variable_counts_too(slurm):
    slurm["SLURM_NODELIST"] = slurm.pop("SLURM_JOB_NODELIST")
    assert find_job_nodes(slurm).names == ("aq1", "aq2", "aq3")


def test_a_name_that_does_not_resolve_is_reached_by_the_address_slurm_knows(slurm):
    nodes = find_job_nodes(slurm)
    assert address_of(nodes, "no-such-node.invalid", slurm) == "10.1.2.3"
    assert address_of(nodes, "localhost", slurm) == "localhost"


def test_a_list_that_scontrol_refuses_is_an_error_that_shows_the_command(slurm):
    slurm["SLURM_JOB_NODELIST"] = "bad["
    with pytest.raises(UserError, match=r"`scontrol show hostnames bad\[` failed"):
        find_job_nodes(slurm)


def test_without_scontrol_nothing_is_guessed(slurm, tmp_path):
    slurm["PATH"] = str(tmp_path / "empty")
    with pytest.raises(UserError, match="scontrol, which knows the nodes"):
        find_job_nodes(slurm)


def test_outside_of_a_job_there_is_this_machine_only():
    nodes = find_job_nodes({})
    assert nodes.first(1) == ("localhost",)
    with pytest.raises(UserError, match="asks for 2 nodes, but this process is in no job of Slurm"):
        nodes.first(2)
