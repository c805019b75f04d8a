"""What a user reads when a request cannot be had, a job fails, or two calls share a folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_runs import Place, emulated, sleeping

pytestmark = pytest.mark.slow

ON_WISTERIA = ("--pjm-site", "wisteria", "--pjm-group", "gz00", "--pjm-dialect", "tcs")
RULES = """
rule all:
    input: "short", "long"

rule short:
    output: "short"
    resources: queue="share-short", gpu=1, runtime=10
    shell: "touch {output}"

rule long:
    input: "short"
    output: "long"
    resources: queue="share-short", gpu=1, runtime=RUNTIME
    shell: "SHELL"
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with emulated(tmp_path / "pjm", table="wisteria") as pjm:
        yield Place(tmp_path, pjm)


def write_rules(place: Place, runtime: str = "10", command: str = "touch {output}") -> list[str]:
    """Write a workflow of two jobs and return the words that run it."""
    text = RULES.replace("RUNTIME", runtime).replace("SHELL", command)
    (place.folder / "Snakefile").write_text(text, encoding="utf-8")
    return [*ON_WISTERIA]


def refusal(place: Place, *words: str) -> str:
    with place.start(*words) as controller:
        assert controller.wait() == 1
        return controller.said()


def test_a_request_over_the_sites_limits_stops_the_call_before_its_first_job(place: Place) -> None:
    said = refusal(place, *write_rules(place, runtime="180"))
    assert "rule long: runtime 180 min > 2:00:00 allowed by share-short with 1 GPU (site table wisteria" in said
    assert "Traceback" not in said
    assert "File " not in said.split("Building DAG")[1]
    assert place.pjm.calls("pjsub") == 0


def test_all_refusals_of_a_call_are_told_at_once(place: Place) -> None:
    said = refusal(place, *write_rules(place, runtime="180"), "--set-resources", "short:gpu=3")
    assert re.search(r"rule short: .*\b3\b.*share-short", said)
    assert "rule long: runtime 180 min" in said


def test_a_request_that_hangs_on_inputs_is_checked_when_its_turn_comes(place: Place) -> None:
    by_size = "lambda w, input: 180 + os.path.getsize(input[0])"
    words = write_rules(place, runtime=by_size)
    (place.folder / "Snakefile").write_text(f"import os\n{(place.folder / 'Snakefile').read_text()}")
    said = refusal(place, *words)
    assert "rule long: runtime 180 min > 2:00:00" in said
    assert [job.state for job in place.pjm.jobs()] == ["EXT"]


def test_what_pjm_refuses_is_one_error_with_its_line_and_the_script(place: Place) -> None:
    place.pjm.set_fault("pjsub_refused")
    said = refusal(place, *write_rules(place))
    assert re.search(r"\[ERR\.?\] PJM 0070 pjsub", said)
    script = re.search(r"/\S+/\.snakemake/pjm/\w+/job\.sh", said)
    assert script
    assert Path(script[0]).is_file()


def test_a_failed_job_is_told_with_its_id_its_status_and_its_log(place: Place) -> None:
    said = refusal(place, *write_rules(place, command="echo what went wrong >&2; exit 3"), "--show-failed-logs")
    failed = place.pjm.jobs()[-1]
    assert re.search(rf"PJM's job {failed.id}\b.*: its command failed with status 1\.", said)
    assert "what went wrong" in said
    assert list(place.folder.glob(f".snakemake/pjm/*/{failed.id}.log"))


def test_folders_of_jobs_that_went_well_are_removed_unless_they_are_wanted(place: Place) -> None:
    words = write_rules(place)
    place.run(*words)
    assert [path.name for path in (place.folder / ".snakemake/pjm").iterdir()] == ["ledger.jsonl"]
    place.run(*words, "--forceall", "--pjm-keep-successful-logs")
    assert len(list(place.folder.glob(".snakemake/pjm/*/job.sh"))) == 2


def test_a_second_call_in_the_folder_is_refused(tmp_path: Path) -> None:
    with emulated(tmp_path / "pjm") as pjm:
        place = Place(tmp_path, pjm)
        words = sleeping(1, seconds=60)
        with place.start(*words) as first:
            first.wait_until(pjm.live, "a job")
            assert "another Snakemake submits jobs to PJM from this folder" in refusal(place, *words, "--nolock")
            first.interrupt()
            first.wait()


def test_jobs_that_were_left_running_on_purpose_are_taken_up(tmp_path: Path) -> None:
    with emulated(tmp_path / "pjm") as pjm:
        place = Place(tmp_path, pjm)
        words = [*sleeping(3, seconds=4), "--pjm-detach-on-exit"]
        with place.start(*words) as controller:
            controller.wait_until(lambda: len(pjm.live()) == 3, "three jobs")
            controller.interrupt()
            assert controller.wait() == 1
            assert "3 jobs stay with PJM" in controller.said()
        assert pjm.calls("pjdel") == 0
        place.run(*words, "--rerun-incomplete")
        assert len(pjm.jobs()) == 3


def test_a_job_of_jobs_runs_as_one(place: Place) -> None:
    words = write_rules(place)
    said = place.run(*words, "--groups", "short=both", "long=both")
    assert (place.folder / "long").exists(), said
    assert len(place.pjm.jobs()) == 1


def test_without_a_time_limit_nothing_is_assumed(place: Place) -> None:
    words = write_rules(place)
    text = (place.folder / "Snakefile").read_text().replace(", runtime=10", "")
    (place.folder / "Snakefile").write_text(text)
    said = refusal(place, *words)
    assert "rules long and short: no time limit; state resource runtime" in said
