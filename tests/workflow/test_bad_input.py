"""Bad input: one message that names the place, what was found and what is right; exit 1; nothing half made."""

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness import Workflow, skip_or_fail

pytestmark = pytest.mark.slow


def error_lines(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("tenbin: error: ")]


def the_error(printed: str) -> str:
    """Return the one distinct error of a call."""
    errors = {line.split(" (log: ")[0] for line in error_lines(printed)}
    assert len(errors) == 1, printed[-3000:]
    return errors.pop()


def nothing_partial(workflow: Workflow) -> bool:
    return not [path for path in workflow.folder.rglob("*") if path.name.endswith(".partial")]


def write_lines(workflow: Workflow, *lines: bytes) -> None:
    (workflow.folder / "text" / "en.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def good_lines(number: int) -> list[bytes]:
    return [json.dumps({"text": f"The miller weighs {n} pears on the bridge."}).encode() for n in range(number)]


EXTRACTED = "results/tiny/corpora/tinyen/train/00000.json"


def test_a_config_mistake_stops_before_any_job(workflow: Workflow) -> None:
    workflow.edit(lambda config: config["mixes"]["both"]["corpora"].update(tinyja=0.6))
    message = the_error(workflow.fail())
    assert "study.yaml:" in message
    assert "mixes.both.corpora: weights sum to 1.1; they must sum to 1" in message
    assert not workflow.results.exists()


def test_an_overlay_without_results_of_its_own_is_refused(workflow: Workflow) -> None:
    workflow.edit(lambda config: config.pop("pathvars"))
    assert "pathvars.results is not set" in the_error(workflow.fail())


def test_a_missing_source_file_is_named(workflow: Workflow) -> None:
    (workflow.folder / "text" / "ja.jsonl").unlink()
    assert "corpora.tinyja.train: no file matches 'text/ja.jsonl'" in the_error(workflow.fail())


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b'{"text": "\xff\xfe"}', "UTF-8"), (b'{"text": "cut', "JSON"), (b'{"body": "no text"}', "text")],
)
def test_an_unreadable_record_stops_with_file_and_line(line: bytes, reason: str, workflow: Workflow) -> None:
    write_lines(workflow, *good_lines(3), line, *good_lines(3))
    message = the_error(workflow.fail(EXTRACTED))
    assert "en.jsonl" in message
    assert "4" in message
    assert reason in message
    assert nothing_partial(workflow)
    assert not (workflow.folder / EXTRACTED).exists()


def test_unreadable_records_within_the_configured_share_are_counted(workflow: Workflow) -> None:
    write_lines(workflow, *good_lines(50), b"{", *good_lines(50))
    workflow.edit(lambda config: config["corpora"]["tinyen"].update(max_unreadable_share=0.02))
    workflow.run(EXTRACTED)
    assert sum(workflow.json("corpora/tinyen/train/00000.json")["unreadable"].values()) == 1


def test_an_empty_corpus_is_named(workflow: Workflow) -> None:
    (workflow.folder / "text" / "en.jsonl").write_bytes(b"")
    message = the_error(workflow.fail(EXTRACTED))
    assert "en.jsonl" in message


def test_a_corpus_shorter_than_one_sequence_is_named(workflow: Workflow) -> None:
    write_lines(workflow, *good_lines(4))
    workflow.edit(shrink_tokenizer)
    message = the_error(workflow.fail("results/tiny/orders/monoen/it12/seed0/tinyen/index.json"))
    assert "tokens" in message
    assert "fewer than one sample of 512 + 1" in message
    assert nothing_partial(workflow)


def shrink_tokenizer(config: dict[str, Any]) -> None:
    config["schedules"]["it12"]["sequence_length"] = 512
    config["tokenizers"]["bpe512"]["corpora"] = ["tinyja"]


def test_a_given_tokenizer_without_end_of_text_is_refused(workflow: Workflow) -> None:
    tokenizer = {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": []}
    give(workflow, json.dumps(tokenizer).encode())
    message = the_error(workflow.fail("results/tiny/tokenizers/given.json"))
    assert "<|endoftext|>" in message


def test_a_given_tokenizer_with_another_sha256_is_refused(workflow: Workflow) -> None:
    give(workflow, b"{}", sha256="0" * 64)
    message = the_error(workflow.fail("results/tiny/tokenizers/given.json"))
    assert "sha256" in message
    assert "0" * 64 in message
    assert not (workflow.results / "tokenizers" / "given" / "tokenizer.json").exists()


def give(workflow: Workflow, content: bytes, sha256: str | None = None) -> None:

    path = workflow.folder / "tokenizer.json"
    path.write_bytes(content)
    digest = sha256 or hashlib.sha256(content).hexdigest()
    entry = {"kind": "given", "file": "tokenizer.json", "sha256": digest}
    workflow.edit(lambda config: config["tokenizers"].update(given=entry))


def test_a_checkpoint_of_another_run_is_refused(finished: Workflow) -> None:
    works = {path.name: path for path in (finished.folder / "work").iterdir() if path.is_dir()}
    own = finished.json("runs/monoen/e3/it12/seed0/segments/12.json")["fingerprint"]
    other = finished.json("runs/monoja/e3/it12/seed0/segments/12.json")["fingerprint"]
    for path in works[own].rglob("*"):
        if path.is_file() and "tensorboard" not in path.parts:
            twin = works[other] / path.relative_to(works[own])
            assert twin.is_file()
            path.write_bytes(twin.read_bytes())
    marker = finished.results / "runs/monoen/e3/it12/seed0/segments/12.json"
    marker.unlink()
    message = the_error(finished.fail(str(marker.relative_to(finished.folder))))
    assert "another run" in message
    assert not marker.exists()


def test_a_changed_token_file_is_noticed_before_a_step_is_taken(finished: Workflow) -> None:
    steps = finished.steps_taken()
    path = finished.results / "tokens" / "bpe512" / "tinyen" / "train.bin"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    finished.edit(lambda config: config["schedules"]["it12"].update(peak_learning_rate=0.02))
    printed = finished.fail("--keep-going", "results/tiny/runs/monoen/e3/it12/seed0/segments/12.json")
    assert "train.bin" in the_error(printed)
    assert finished.steps_taken() == steps


def test_a_full_disk_is_one_message_and_leaves_nothing_half_made(workflow: Workflow) -> None:
    with small_disk(workflow.folder / "results", "200k"):
        message = the_error(workflow.fail("--jobs", "1"))
        assert "No space left on device" in message
        assert "free disk space" in message
        assert nothing_partial(workflow)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=False)
    if mounted.returncode:
        skip_or_fail("tmpfs", "no small disk could be mounted (needs root): a full disk was not tried")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_second_call_while_the_first_runs_is_refused(workflow: Workflow) -> None:
    with subprocess.Popen(workflow.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        wait_for(workflow.folder / ".snakemake" / "locks")
        printed = workflow.fail("--rerun-incomplete")  # as `make study` calls it
        assert "Directory cannot be locked" in printed
        first.send_signal(signal.SIGINT)
        first.wait(timeout=120)


def wait_for(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.glob("*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
