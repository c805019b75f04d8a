"""What a job sees: a clean environment, PJM's variables, its folder, and files under the names that were asked for."""

import os
from pathlib import Path

import pytest

SHARE = "-L rscgrp=share,gpu=1,elapse=10:00"


def environment(login, *options, **variables):
    """Return the environment of a job."""
    script = login.write("env -0 >seen", SHARE, *options, name="env.sh")
    done = login.run("pjsub", script, **variables)
    assert done.returncode == 0, done.stderr
    login.until_state(login.pjm.jobs()[-1].id, "EXT")
    words = (login.folder / "seen").read_text().split("\0")
    return dict(word.split("=", 1) for word in words if word)


def test_a_job_inherits_nothing_but_the_origin_of_some_variables(login):
    seen = environment(login, COLOUR="red", LANG="ja_JP.UTF-8")
    assert "COLOUR" not in seen
    assert "PJM_EMULATOR" not in seen
    assert seen["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert seen["PJM_O_LANG"] == "ja_JP.UTF-8"
    assert seen["PJM_O_HOME"] == os.environ["HOME"]
    assert "LANG" not in seen


def test_the_home_folder_does_not_exist(login):
    assert not Path(environment(login)["HOME"]).exists()


def test_with_x_all_but_the_systems_own_is_sent(login):
    seen = environment(login, "-X", COLOUR="red", LD_LIBRARY_PATH="/lib")
    assert seen["COLOUR"] == "red"
    assert seen["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert "LD_LIBRARY_PATH" not in seen
    assert "PJM_EMULATOR" not in seen


def test_single_variables_are_given(login):
    seen = environment(login, '-x "COLOUR=dark red,NUMBERS=1,2" -x MORE=3')
    assert (seen["COLOUR"], seen["NUMBERS"], seen["MORE"]) == ("dark red", "1,2", "3")


def test_pjms_variables(login):
    seen = environment(login, "-L rscgrp=share -N train --norestart")
    expected = {
        "PJM_JOBID": "1334861",
        "PJM_SUBJOBID": "1334861",
        "PJM_JOBNAME": "train",
        "PJM_JOBDIR": str(login.folder),
        "PJM_O_WORKDIR": str(login.folder),
        "PJM_NODE": "1",
        "PJM_MPI_PROC": "1",
        "PJM_PROC_BY_NODE": "1",
        "PJM_RSCGRP": "share",
        "PJM_ELAPSE_LIMIT": "600",
        "PJM_ENVIRONMENT": "BATCH",
        "PJM_NORESTART": "1",
        "PWD": str(login.folder),
    }
    assert {name: seen[name] for name in expected} == expected
    assert Path(seen["PJM_O_NODEINF"]).read_text() == "127.0.0.2\n"


def test_the_nodes_of_a_job_are_different_ones_once_for_each_process(login):
    script = login.write("cat $PJM_O_NODEINF; sleep 60", "-L rscgrp=regular-a,node=2 --mpi proc=4 -j")
    ids = [login.out("pjsub", "-z", "jid", script)[0] for _ in range(2)]
    # Which of the two begins first is not said.
    nodes = sorted(login.until_printed(job_id, "\n").split() for job_id in ids)
    assert nodes == [["127.0.0.2"] * 2 + ["127.0.0.3"] * 2, ["127.0.0.4"] * 2 + ["127.0.0.5"] * 2]


def test_files_have_the_names_of_job_and_id_in_the_folder_of_submission(login):
    script = login.write("echo out; echo err >&2", SHARE, "-N train -S")
    login.out("pjsub", script)
    login.until_state("1334861", "EXT")
    assert (login.folder / "train.1334861.out").read_text() == "out\n"
    assert (login.folder / "train.1334861.err").read_text() == "err\n"
    assert (login.folder / "train.1334861.stats").is_file()


@pytest.mark.parametrize("absolute", [True, False])
def test_files_have_the_names_that_were_asked_for(login, absolute):
    place = login.folder / "logs of today" if absolute else Path("logs of today")
    (login.folder / place).mkdir()
    files = f'-o "{place}/%j.log" -e "{place}/%n-%J" -s --spath "{place}/%j.stats" -N train'
    login.out("pjsub", login.write("echo out; echo err >&2", SHARE, files))
    account = login.until_account("1334861", login.folder / place / "1334861.stats")
    assert account.startswith("Job Statistical Information\nJOB ID ")
    found = {path.name: path.read_text() for path in (login.folder / place).iterdir() if path.suffix != ".stats"}
    assert found == {"1334861.log": "out\n", "train-1334861": "err\n"}


def test_both_streams_are_one_in_their_order(login):
    login.out("pjsub", login.write("echo 1; echo 2 >&2; echo 3", SHARE, "-j -o %j.log"))
    login.until_state("1334861", "EXT")
    assert (login.folder / "1334861.log").read_text() == "1\n2\n3\n"
    assert sorted(path.name for path in login.folder.iterdir()) == ["1334861.log", "job.sh"]


def test_the_account_of_a_job_tells_how_it_ended(login):
    login.out("pjsub", login.write("exit 3", "-L rscgrp=regular-a,node=2 -S --spath stats"))
    text = login.until_account("1334861", login.folder / "stats")
    items = [line.split(":") for line in text.splitlines() if ":" in line]
    account = {name.strip(): value.strip() for name, value in items}
    assert (account["JOB ID"], account["EXIT CODE"], account["PJM CODE"]) == ("1334861", "3", "0")
    assert account["RANK NO"] == "1"
