"""One writer: a second process for a run waits or takes over, and what a writer that was taken over writes is lost."""

import contextlib
import shutil
import signal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from training_runs import assert_same_training, end, steps_written, training, wait_for_steps, wait_until

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.training.checkpoints import newest_whole_checkpoint, save_checkpoint
from tenbin.training.generations import Generation, Start, claim_generation, newest_generation
from tenbin.training.heartbeat import RELEASED, release
from tenbin.training.history import HistoryWriter, assemble_history
from tenbin.training.markers import find_marker_copy, marker_copy, segment_ends
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import train_segment

FINGERPRINT = "f" * 64
STEPS = 12
LONG = 1500
SHORT_LEASE = {"lease_s": 1.5}


def test_a_process_that_was_taken_over_publishes_nothing(make_tiny_run, tmp_path, monkeypatch):
    run, step = make_tiny_run(tmp_path), NetworkInTraining.step

    def take_over_at_six(network, number, batch):
        if number == 6:
            claim_generation(run.run_folder, 2, Start())
        return step(network, number, batch)

    monkeypatch.setattr(NetworkInTraining, "step", take_over_at_six)
    with pytest.raises(UserError, match="no longer the newest generation"):
        train_segment(run.job(STEPS))
    assert not run.marker(STEPS).exists()
    assert not list(run.run_folder.glob("*/step*"))


def test_what_an_older_generation_wrote_after_a_takeover_is_ignored(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "taken")
    train_segment(run.job(4))
    release(claim_generation(run.run_folder, 2, Start(1, 4)))
    late = run.run_folder / "0001" / "step10"
    shutil.copytree(run.run_folder / "0001" / "step4", late)
    with (run.run_folder / "0001" / "history.jsonl").open("a") as stream:
        stream.write('{"step": 5, "loss": 0}\n')
    train_segment(run.job(STEPS))
    assert read_json(run.run_folder / "0003" / "owner.json")["start_step"] == 4
    assert_same_training(run, uncut, STEPS)


def test_a_marker_that_an_older_generation_wrote_after_a_takeover_is_not_read(make_tiny_run, uncut, tmp_path):
    run = make_tiny_run(tmp_path / "taken")
    train_segment(run.job(4))
    release(claim_generation(run.run_folder, 2, Start(1, 4)))
    late = read_json(uncut.marker(STEPS)) | {"tokens": 1}
    shutil.copytree(uncut.run_folder / "0001" / f"step{STEPS}", run.run_folder / "0001" / f"step{STEPS}")
    write_json(marker_copy(Generation(run.run_folder, 1), STEPS), late)
    write_json(run.marker(STEPS), late)
    with pytest.raises(UserError, match=r"is not the marker that .* keeps of this segment; delete it and run again"):
        run.finish(STEPS)
    train_segment(run.job(STEPS))
    assert read_json(run.marker(STEPS))["tokens"] == STEPS * 4 * 16
    assert read_json(run.marker(STEPS))["generation"] == 3


@pytest.mark.slow
def test_a_frozen_writer_is_taken_over_and_harms_nothing_when_it_wakes(make_tiny_run, tmp_path):
    run, uncut = make_tiny_run(tmp_path / "taken", LONG), make_tiny_run(tmp_path / "uncut", LONG)
    with training(run, LONG, checkpoint_interval_s=0.2, **SHORT_LEASE) as frozen:
        wait_until(lambda: list(run.run_folder.glob("0001/step*")))
        frozen.send_signal(signal.SIGSTOP)
        with training(run, LONG, **SHORT_LEASE) as second:
            wait_until((run.run_folder / "0002" / "history.jsonl").exists)
            frozen.send_signal(signal.SIGCONT)
            said = end(frozen)
            assert frozen.returncode == 1
            assert "no longer the newest generation of its run (that is 0002" in said
            assert "Traceback" not in said
            said = end(second)
            assert second.returncode == 0, said
    assert "waiting until it ends" in said
    assert "it has given no sign of life for 1.5 s" in said
    train_segment(uncut.job(LONG))
    assert_same_training(run, uncut, LONG)
    run.finish(LONG)


@pytest.mark.slow
def test_a_writer_that_wakes_after_the_end_changes_nothing_that_is_read(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path, LONG)
    with training(run, LONG, **SHORT_LEASE) as frozen:
        wait_for_steps(run, LONG // 2)
        frozen.send_signal(signal.SIGSTOP)
        with training(run, LONG, **SHORT_LEASE) as second:
            said = end(second)
            assert second.returncode == 0, said
        run.finish(LONG)
        before = read_files(run)
        frozen.send_signal(signal.SIGCONT)
        assert "no longer the newest generation" in end(frozen)
    assert frozen.returncode == 1
    after = read_files(run)
    late = {name for name in after if before.get(name) != after[name]}
    assert late <= {f"work/{run.fingerprint}/0001/{name}" for name in ("history.jsonl", "heartbeat", RELEASED)} | {
        name for name in after if "/0001/tensorboard/" in name
    }
    run.finish(LONG)
    assert (run.folder / "history.jsonl").read_bytes() == before["history.jsonl"]


def read_files(run):
    return {str(path.relative_to(run.folder)): path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_of_two_that_start_at_once_one_trains_and_the_other_waits(make_tiny_run, tmp_path):
    run, uncut = make_tiny_run(tmp_path / "twice", LONG), make_tiny_run(tmp_path / "uncut", LONG)
    with training(run, LONG) as first, training(run, LONG) as second:
        said = [end(first), end(second)]
        assert (first.returncode, second.returncode) == (0, 0), said
    waited = [text for text in said if "waiting until it ends" in text]
    assert len(waited) == 1
    assert f"another process trained to step {LONG}: no step taken" in waited[0]
    assert f"process {first.pid if waited == said[1:] else second.pid}, may be training this run" in waited[0]
    assert steps_written(run) == LONG
    train_segment(uncut.job(LONG))
    assert_same_training(run, uncut, LONG)


@pytest.mark.slow
def test_a_dead_writer_is_taken_over_at_once(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path, LONG)
    with training(run, LONG, lease_s=100_000.0, checkpoint_interval_s=0.05) as killed:
        wait_until(lambda: list(run.run_folder.glob("*/step*")))
        killed.kill()
        # It is not waited for yet: a process that has ended and not been asked for is dead too.
        with training(run, LONG, lease_s=100_000.0) as second:
            said = end(second)
            assert second.returncode == 0, said
    assert f"process {killed.pid}: it runs no more" in said
    assert "resuming after step" in said


LATE = [(action, 0) for action in ("step", "save", "claim", "step", "save", "finish")]
writes = st.lists(st.tuples(st.sampled_from(["step", "save", "claim", "finish"]), st.integers(0, 3)), max_size=25)


@settings(max_examples=40, deadline=None)
@given(writes=writes)
@example(writes=LATE)
@example(writes=[("step", 0), *LATE, ("claim", 0), ("step", 1), ("save", 1), ("finish", 1)])
def test_nothing_that_a_writer_writes_after_it_was_taken_over_is_ever_read(tmp_path_factory, writes):
    folder = tmp_path_factory.mktemp("work") / FINGERPRINT
    writers = [Writer(folder)]
    for action, number in writes:
        if action == "claim":
            writers.append(Writer(folder))
        else:
            getattr(writers[number % len(writers)], action)()
    last = Writer(folder)
    while last.done < STEPS:
        last.step()
    last.save()
    lines = assemble_history(folder, last.generation.number, STEPS)
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    assert all(line["in_time"] for line in lines)
    assert newest_whole_checkpoint(folder, last.generation.number, STEPS, FINGERPRINT).step == STEPS
    assert all(read_json(find_marker_copy(folder, end_step))["in_time"] for end_step in segment_ends(folder))


class Heedless(Generation):
    """A generation whose writer looked whether it was the newest long ago."""

    def require_newest(self):
        pass


class Writer:
    """A process of a run that does not know whether it was taken over."""

    def __init__(self, folder):
        newest = newest_generation(folder)
        checkpoint = newest_whole_checkpoint(folder, newest, STEPS, FINGERPRINT)
        start = Start(checkpoint.generation.number, checkpoint.step) if checkpoint else Start()
        self.generation = Heedless(folder, claim_generation(folder, newest + 1, start).number)
        self.done = self.saved = start.step

    def step(self):
        if self.done < STEPS:
            self.done += 1
            with contextlib.closing(HistoryWriter(self.generation)) as history:
                history.write({"step": self.done, "in_time": self.generation.is_newest()})

    def save(self):
        if self.done > self.saved:
            self.saved = save_checkpoint(self.generation, self.done, FINGERPRINT, {}).step

    def finish(self):
        copy = marker_copy(self.generation, self.done)
        if not copy.exists():
            write_json(copy, {"steps": self.done, "in_time": self.generation.is_newest()})
