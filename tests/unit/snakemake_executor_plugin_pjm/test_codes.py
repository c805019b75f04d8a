"""Every PJM code that the manual lists has a meaning, and what is done about a job follows from it."""

from snakemake_executor_plugin_pjm.codes import CODES, NODE_FAULTS, OUT_OF_TIME, meaning_of

OF_THE_MANUAL = {0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 16, 18, *range(20, 24), *range(25, 31), 100, 120, 140, 160, 180}
OF_OLDER_RELEASES = {13}


def test_every_code_is_there_and_no_other():
    assert set(CODES) == OF_THE_MANUAL | OF_OLDER_RELEASES


def test_meanings_differ():
    assert len({meaning.words for meaning in CODES.values()}) == len(CODES)


def test_a_job_is_either_out_of_time_or_hit_by_a_fault():
    assert {11, 18} == OUT_OF_TIME
    assert {9, 20, 22, 25, 26, 100, 120, 140} == NODE_FAULTS
    assert CODES.keys() > OUT_OF_TIME | NODE_FAULTS


def test_faults_that_a_user_can_mend_say_how():
    assert all(CODES[code].advice for code in (11, 12, 13, 16, 21, 23, 28, 29))


def test_a_code_that_is_not_listed_is_named_as_such():
    assert meaning_of(77).words == "not a code of the manual"
