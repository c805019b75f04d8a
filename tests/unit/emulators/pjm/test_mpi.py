"""A job of several nodes: a real Open MPI starts processes on PJM's node file, here all on this machine."""

import shutil

import pytest
from harness import skip_or_fail

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def mpirun():
    if not shutil.which("mpirun"):
        skip_or_fail("mpi", "mpirun not installed (openmpi-bin): jobs of several nodes of PJM were not checked")


def test_one_process_on_each_node(start):
    login = start()
    program = 'echo "rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE, local $OMPI_COMM_WORLD_LOCAL_RANK, $TMPDIR"'
    body = f"mpirun -machinefile $PJM_O_NODEINF --map-by ppr:1:node --bind-to none sh -c '{program}'"
    script = login.write(body, "-L rscgrp=regular-a,node=3,elapse=10:00 -j")
    job_id = login.out("pjsub", "-z", "jid", script)[0]
    assert login.until(job_id, lambda job: job.ended_at).exit_code == 0, login.printed(job_id)
    ranks = sorted(line for line in login.printed(job_id).splitlines() if line.startswith("rank"))
    assert [line.split(",")[:2] for line in ranks] == [[f"rank {rank} of 3", " local 0"] for rank in range(3)]
    assert len({line.split(",")[2] for line in ranks}) == 3


def test_as_many_as_the_job_was_submitted_for(start):
    login = start()
    body = "mpirun -np $PJM_MPI_PROC -machinefile $PJM_O_NODEINF -map-by ppr:2:node hostname"
    script = login.write(body, "-L rscgrp=regular-a,node=2,elapse=10:00 --mpi proc=4 -j")
    job_id = login.out("pjsub", "-z", "jid", script)[0]
    assert login.until(job_id, lambda job: job.ended_at).exit_code == 0, login.printed(job_id)
    # mpirun may warn, in lines of its own.
    assert sum(not line.startswith("[") for line in login.printed(job_id).splitlines()) == 4


def test_pjdel_ends_the_processes_on_all_nodes(start):
    login = start()
    body = "mpirun -machinefile $PJM_O_NODEINF --map-by ppr:1:node --bind-to none sh -c 'echo up; sleep 600'"
    script = login.write(body, "-L rscgrp=regular-a,node=2,elapse=10:00 -j")
    job_id = login.out("pjsub", "-z", "jid", script)[0]
    login.until(job_id, lambda job: login.printed(job.id).count("up") == 2)
    login.out("pjdel", job_id)
    assert login.until_state(job_id, "CCL").pids == ()
