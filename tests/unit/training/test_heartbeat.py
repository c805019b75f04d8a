"""Signs of life: what a writer leaves while it runs, and what a watcher makes of it."""

import time

import pytest
from training_runs import wait_until

from tenbin.files import read_json, write_json
from tenbin.training import heartbeat
from tenbin.training.generations import Generation, Start, claim_generation
from tenbin.training.heartbeat import BEATS, RELEASED, Heartbeat, Watch, release
from tenbin.training.stopping import StopRequest


@pytest.fixture
def generation(tmp_path):
    return claim_generation(tmp_path / "run", 1, Start(), lease_s=1.8)


@pytest.fixture
def elsewhere(generation):
    """Return a generation whose writer cannot be looked up."""
    owner = read_json(generation.folder / "owner.json")
    write_json(generation.folder / "owner.json", owner | {"host": "elsewhere"})
    return generation


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands until it is moved."""
    time_s = [1000.0]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: time_s[0])
    return time_s


def beats(generation):
    return int((generation.folder / BEATS).read_text())


def test_the_number_grows_while_the_body_runs_and_stands_still_afterwards(generation):
    with Heartbeat(generation, StopRequest(), lease_s=0.18):
        first = beats(generation)
        wait_until(lambda: beats(generation) >= first + 3)
        assert not (generation.folder / RELEASED).exists()
    last = beats(generation)
    time.sleep(0.05)
    assert beats(generation) == last
    assert (generation.folder / RELEASED).exists()


def test_the_run_is_released_after_a_failure_too(generation):
    with pytest.raises(ValueError, match="broken"), Heartbeat(generation, StopRequest()):
        raise ValueError("broken")
    assert (generation.folder / RELEASED).exists()


def test_the_body_is_told_of_a_newer_generation(generation):
    request = StopRequest()
    with Heartbeat(generation, request, lease_s=0.18):
        assert not request.asked
        claim_generation(generation.run_folder, 2, Start())
        wait_until(lambda: request.asked)
    assert request.reason == "because another process took this run over"


def test_a_beat_that_cannot_be_written_ends_nothing(generation, capfd):
    away = generation.folder.with_name("away")
    with Heartbeat(generation, StopRequest(), lease_s=0.18):
        generation.folder.rename(away)
        said = ""
        while "no sign of life written" not in said:
            said += capfd.readouterr().err
        away.rename(generation.folder)
        last = beats(generation)
        wait_until(lambda: beats(generation) > last)


def test_a_run_is_free_once_its_writer_released_it(elsewhere):
    watch = Watch(elsewhere)
    assert watch.why_free() is None
    release(elsewhere)
    assert watch.why_free() == "it was released"


def test_a_run_is_free_once_its_writer_is_gone(generation):
    owner = read_json(generation.folder / "owner.json")
    assert Watch(generation).why_free() is None
    write_json(generation.folder / "owner.json", owner | {"process_start_ticks": "1"})
    assert Watch(generation).why_free() == "it runs no more"


def test_a_run_is_free_once_the_number_stood_still_for_the_writers_lease(elsewhere, clock):
    beat(elsewhere, 1)
    watch = Watch(elsewhere, lease_s=99.0)
    clock[0] += 1.7
    assert watch.why_free() is None
    clock[0] += 0.1
    assert watch.why_free() == "it has given no sign of life for 1.8 s"


def test_a_number_that_moves_starts_the_lease_anew_and_one_that_cannot_be_read_does_not(elsewhere, clock):
    beat(elsewhere, 1)
    watch = Watch(elsewhere)
    clock[0] += 1.7
    beat(elsewhere, 2)
    assert watch.why_free() is None
    clock[0] += 1.0
    (elsewhere.folder / BEATS).unlink()
    assert watch.why_free() is None
    clock[0] += 0.7
    beat(elsewhere, 2)
    assert watch.why_free() is None
    clock[0] += 0.1
    assert watch.why_free() is not None


def test_a_watcher_that_slept_itself_does_not_take_a_living_writer_for_dead(elsewhere, clock):
    beat(elsewhere, 1)
    watch = Watch(elsewhere)
    clock[0] += 10_000
    beat(elsewhere, 2)
    assert watch.why_free() is None


def test_a_writer_that_says_no_lease_is_given_the_watchers_own(tmp_path, clock):
    generation = Generation(tmp_path, 1)
    write_json(generation.folder / "owner.json", {"host": "elsewhere", "pid": 1})
    watch = Watch(generation, lease_s=5.0)
    clock[0] += 4.9
    assert watch.why_free() is None
    clock[0] += 0.1
    assert watch.why_free() is not None


def beat(generation, count):
    (generation.folder / BEATS).write_text(str(count))
