"""Which node a launcher is on, and how it is told."""

import pytest

from tenbin.launching.commands import exported, mpirun_command, on_every_node, srun_command, static_launcher
from tenbin.launching.on_node import node_rank, split_program


@pytest.mark.parametrize(
    ("starter", "environment", "rank"),
    [
        ("srun", {"SLURM_PROCID": "3"}, 3),
        ("srun", {"SLURM_PROCID": "1", "OMPI_COMM_WORLD_RANK": "0"}, 1),
        ("mpirun", {"OMPI_COMM_WORLD_RANK": "2", "SLURM_PROCID": "0"}, 2),
        ("mpirun", {"PMIX_RANK": "1"}, 1),
        ("mpirun", {"PMI_RANK": "1"}, 1),
    ],
)
def test_the_rank_of_a_node_is_its_starters(starter, environment, rank):
    assert node_rank(environment, starter) == rank


@pytest.mark.parametrize(("starter", "other"), [("srun", "PMI_RANK"), ("mpirun", "SLURM_PROCID")])
def test_a_node_that_does_not_know_its_rank_says_so(starter, other):
    with pytest.raises(SystemExit, match=f"{starter} set none of"):
        node_rank({other: "0"}, starter)


def test_a_ranks_program_is_never_taken_for_options_of_the_nodes():
    command = on_every_node(["-m", "program", "--port=1", "--", "x"], 2, 4, ("node1", 23456), "srun")
    options, program = split_program(command[command.index("tenbin.launching.on_node") + 1 :])
    assert program == ["-m", "program", "--port=1", "--", "x"]
    assert set(options) == {"--starter=srun", "--nodes=2", "--ranks-per-node=4", "--address=node1", "--port=23456"}


def test_a_launcher_of_several_nodes_is_told_shape_and_meeting_point():
    command = static_launcher(["-m", "program", "--nodes=9"], 4, 8, 2, ("node1", 23456))
    options, program = command[: command.index("--no-python")], command[command.index("--no-python") :]
    for option in ("--nnodes=4", "--nproc-per-node=8", "--node-rank=2", "--master-addr=node1", "--master-port=23456"):
        assert option in options
    assert program[-3:] == ["-m", "program", "--nodes=9"]


def test_srun_takes_the_named_nodes_whole_and_ends_all_when_one_fails():
    command = srun_command(("aq1", "aq2"), "72")
    expected = {"--nodes=2", "--ntasks=2", "--ntasks-per-node=1", "--nodelist=aq1,aq2", "--cpus-per-task=72"}
    assert expected | {"--kill-on-bad-exit=1", "--overlap", "--cpu-bind=none"} <= set(command)
    assert not [word for word in srun_command(("aq1",), None) if word.startswith("--cpus-per-task")]


def test_mpirun_passes_variables_on_but_not_those_of_one_process_or_of_itself(tmp_path):
    environment = {
        "PATH": "/bin",
        "PYTHONPATH": "/src",
        "PWD": "/",
        "OMPI_X": "1",
        "PMIX_RANK": "0",
        "BASH_FUNC_x%%": "",
    }
    command = mpirun_command("mpirun", 2, tmp_path / "nodes", exported(environment))
    assert [command[place + 1] for place, word in enumerate(command) if word == "-x"] == ["PATH", "PYTHONPATH"]
    assert command[command.index("--map-by") + 1] == "ppr:1:node"
