"""pjsub: options of script and command line, and each refusal word for word as the manual or a site prints it."""

import os
import subprocess
from dataclasses import replace

import pytest
from emulators.pjm.sites import WISTERIA

SHARE = "-L rscgrp=share-short,gpu=1"
TRY = "\nTry `pjsub --help` for more information."


def resources(login, *options, words=()):
    """Return what a script with these #PJM lines asks for."""
    login.out("pjsub", *words, login.write("true", *options))
    return login.pjm.jobs()[-1]


def test_an_accepted_job_is_told_in_one_line(login):
    first = login.out("pjsub", login.write("true", SHARE))
    assert first == ["[INFO] PJM 0000 pjsub Job 1334861 submitted."]
    assert login.out("pjsub", "-z", "jid", "job.sh") == ["1334862"]
    assert login.out("pjsub", "-z", "job.sh") == []
    assert [job.id for job in login.pjm.submissions()] == ["1334861", "1334862", "1334863"]


def test_options_stand_in_any_number_on_a_line_and_in_any_form(login):
    job = resources(
        login, '-L "rscgrp=regular-a" -L node=2 --norestart', "--mpi proc=16 -jS --name=train", "-Lelapse=1:2:3"
    )
    assert (job.rscgrp, job.nodes, job.elapse_s, job.norestart, job.name) == ("regular-a", 2, 3723, True, "train")
    assert {"-j", "-S"} < set(job.options)
    assert job.options["--mpi"] == {"proc": "16"}


def test_the_command_line_wins_for_each_resource(login):
    job = resources(login, SHARE + ",elapse=1:00:00 -N script", words=("-L", "gpu=2,elapse=30", "-N", "given"))
    assert (job.rscgrp, job.gpus, job.elapse_s, job.name) == ("share-short", 2, 30, "given")


def test_a_line_after_the_first_command_is_a_comment(login):
    (login.folder / "late.sh").write_text(f"#!/bin/sh\n\n# before\n#PJM {SHARE}\ntrue\n#PJM -L gpu=4\n")
    login.out("pjsub", "late.sh")
    assert login.pjm.jobs()[-1].gpus == 1


@pytest.mark.parametrize(
    ("file", "name"), [("job.sh", "job.sh"), ("7days.sh", "J7days.sh"), ("long" * 20, ("long" * 20)[:63])]
)
def test_a_job_is_named_after_its_script(login, file, name):
    login.out("pjsub", login.write("true", SHARE, name=file))
    assert login.pjm.jobs()[-1].name == name


def test_a_script_may_come_on_stdin(login):
    environment = os.environ | login.pjm.environment()
    text = f"#!/bin/sh\n#PJM {SHARE}\n"
    subprocess.run(["pjsub"], input=text, text=True, env=environment, cwd=login.folder, check=True, capture_output=True)
    assert login.pjm.jobs()[-1].name == "STDIN"


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ("-Q", f"0001 pjsub Unknown option or no option argument: -Q.{TRY}"),
        ("-L", f"0001 pjsub Unknown option or no option argument: -L.{TRY}"),
        (f"{SHARE} --restart --norestart", f"0002 pjsub Invalid combination: --restart and --norestart{TRY}"),
        (f"{SHARE},node=1", f"0002 pjsub Invalid combination: -L node and rscgrp=share-short{TRY}"),
        ("-L rscgrp=regular-a,gpu=8", f"0002 pjsub Invalid combination: -L gpu and rscgrp=regular-a{TRY}"),
        ("-L rscgrp = share", f"0003 pjsub Unknown option argument: -L rscgrp.{TRY}"),
        (f"{SHARE},cores=4", f"0003 pjsub Unknown option argument: -L cores=4.{TRY}"),
        (f"{SHARE} -N 1st", "0004 pjsub Invalid option argument: -N 1st."),
        (f"{SHARE} -N a/b", "0004 pjsub Invalid option argument: -N a/b."),
        (f"{SHARE},elapse=1-00:00", "0004 pjsub Invalid option argument: -L elapse=1-00:00."),
        ("-L rscgrp=regular-a,node=two", "0004 pjsub Invalid option argument: -L node=two."),
        ('-N "name', "0008 pjsub Option arguments must be enclosed in quotation mark.\nScript file job.sh line 2."),
        (f"{SHARE} # one GPU", "0009 pjsub Invalid argument: #."),
        ("-L rscgrp=share", "0054 pjsub gpu=0 is less than the lower limit (1)."),
        (f"{SHARE},elapse=0", "0054 pjsub elapse=0 is less than the lower limit (1)."),
        ("-L rscgrp=regular-a,node=9", "0057 pjsub node=9 is greater than the upper limit (8)."),
        ("-L rscgrp=share,gpu=8", "0057 pjsub gpu=8 is greater than the upper limit (4)."),
        (f"{SHARE},elapse=2:00:01", "0057 pjsub elapse=7201 is greater than the upper limit (7200)."),
        (
            "-L rscgrp=regular-a,node=5,elapse=25:00:00",
            "0057 pjsub elapse=90000 is greater than the upper limit (86400).",
        ),
        ("-L rscgrp=share,gpu=4,elapse=25:00:00", "0057 pjsub elapse=90000 is greater than the upper limit (86400)."),
        ("-L rscgrp=x,gpu=1", "0058 pjsub rscgrp=x does not exist."),
        ("-L rscgrp=small-a,node=1", "0059 pjsub rscgrp=small-a is disabled."),
        ("-L gpu=1", "0069 pjsub rscgrp in -L option is not specified."),
        (f"{SHARE} --bulk --sparam 1-5", "0070 pjsub No execute permission: pjsub-bulk."),
        (f"{SHARE} --step", "0070 pjsub No execute permission: pjsub-step."),
        (
            "-L rscgrp=share,gpu=3",
            "0076 pjsub gpu=3 cannot be specified. The value must be specified as follows: 1,2,4",
        ),
    ],
)
def test_a_refusal_is_numbered_and_leaves_no_job(login, options, printed):
    assert login.refusal("pjsub", login.write("true", options)) == f"[ERR.] PJM {printed}\n"
    assert login.pjm.jobs() == []


def test_manual_limits_are_told_by_their_own_names(start):
    login = start(table="plain")
    script = login.write("true", "-L rscgrp=small,node=32")
    assert login.refusal("pjsub", script) == "[ERR.] PJM 0057 pjsub node=32 is greater than the upper limit (24).\n"


def test_a_script_that_is_not_there(login):
    assert login.refusal("pjsub", "no.sh") == "[ERR.] PJM 0020 pjsub File open failed: no.sh (2).\n"
    assert "0023 pjsub Multiple script files specified." in login.refusal("pjsub", "a.sh", "b.sh")


def test_a_line_of_4096_letters_is_too_long(login):
    script = login.write("true", SHARE + " " * 4096)
    assert login.refusal("pjsub", script).startswith("[ERR.] PJM 0025 pjsub Line length too long.")


def test_a_folder_that_is_gone(login):
    gone = login.folder / "gone"
    gone.mkdir()
    command = f"cd {gone}; rmdir {gone}; exec pjsub ../job.sh"
    login.write("true", SHARE)
    done = login.run("sh", "-c", command)
    assert done.stderr.endswith("[ERR.] PJM 0026 pjsub Current working directory access failed.\n")


def test_a_group_that_is_not_the_users_is_refused(start):
    login = start(table=replace(WISTERIA, unit_groups=("gz00",)))
    login.out("pjsub", "-g", "gz00", login.write("true", SHARE))
    refusal = login.refusal("pjsub", "-g", "group", "job.sh")
    assert refusal == "[ERR.] PJM 0071 pjsub Group not authorized to submit a job: group(59999)\n"


def test_above_the_limit_of_accepted_jobs_none_is_accepted(start):
    login = start(accept_limit=3, run_limit=1)
    ids = [login.submit("sleep 60") for _ in range(3)]
    refusal = login.refusal("pjsub", "job.sh")
    assert refusal == "[ERR.] PJM 0072 pjsub Job exceeded the accept limit: ru-accept.\n"
    login.until_state(ids[2], "QUE")
    login.out("pjdel", ids[2])
    login.until_state(ids[2], "CCL")
    login.out("pjsub", "job.sh")


def test_from_within_a_job_nothing_can_be_submitted(login):
    script = login.write("true", SHARE)
    assert login.refusal("pjsub", script, PJM_JOBID="7").startswith("[ERR.] PJM 0093 pjsub The operating command")
