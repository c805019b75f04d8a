"""A run cut and resumed 20 times by real signals and time limits, against the same run in one piece.

Losses and the final state must be equal bit for bit. A signal or a time limit repeats nothing; SIGKILL, sent at any
moment, repeats what came after the last checkpoint. Checkpoints are a fortieth of the time between cuts apart:
rarer than those of a study, whose ten minutes are a hundred-and-fiftieth of a day's job.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from tenbin.files import read_json, seal_of, sha256_file, write_json
from tenbin.initialization import draw_weights
from tenbin.mixing.blend import BlendSettings, blend_corpora
from tenbin.mixing.order import OrderSettings, order_corpus
from tenbin.specs import describe_architecture
from tenbin.study.catalogue import Schedule, Size
from tenbin.tokens.mmap import pair_paths, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.training.history import assemble_history

CHECKOUT = Path(__file__).resolve().parents[1]
CUTS = 20
STEPS = 12_600
STEPS_A_CUT = STEPS // (CUTS + 1)
REPEATED_GOAL = 0.02
POLL_S = 0.002
MARGIN_S = 1.0
VOCABULARY = 512
SIZE = Size(hidden_size=16, num_layers=1, num_heads=2, n_nonembedding=3312)
SCHEDULE = Schedule(steps=STEPS, batch_size=4, sequence_length=64, peak_learning_rate=3e-3, final_learning_rate=3e-4)
KINDS = ("SIGTERM", "SIGKILL", "the time limit")


def measure() -> list[tuple[str, str, str]]:
    """Return how many losses of the cut run differ, and the share of its steps that were taken twice."""
    with tempfile.TemporaryDirectory() as place:
        whole, cut = Path(place) / "whole", Path(place) / "cut"
        for folder in (whole, cut):
            prepare(folder)
        started = time.monotonic()
        wait_for(start(whole), {0})
        step_s = sum(line["seconds"] for line in history(whole)) / STEPS
        start_s = time.monotonic() - started - step_s * STEPS
        cuts = cut_and_resume(cut, step_s, start_s)
        different = sum(
            ours["loss"] != theirs["loss"] for ours, theirs in zip(history(cut), history(whole), strict=True)
        )
        repeated = steps_taken(cut) / STEPS - 1
        ways = ", ".join(f"{cuts.count(kind)} by {kind}" for kind in KINDS)
        return [
            (f"losses of a run of {STEPS} steps cut {CUTS} times ({ways}) that differ in any bit", str(different), "0"),
            ("arrays of its final state that differ in any bit", str(count_different_arrays(cut, whole)), "0"),
            ("its steps that were taken twice", f"{repeated:.2%}", f"< {REPEATED_GOAL:.0%}"),
        ]


def cut_and_resume(folder: Path, step_s: float, start_s: float) -> list[str]:
    """Train with 20 cuts, spread evenly but for chance, and then to the end; return how each was made."""
    interval_s, chance, cuts = STEPS_A_CUT / 40 * step_s, np.random.default_rng(0), []
    for number, kind in zip(range(1, CUTS + 1), cycle(KINDS), strict=False):
        target = max(newest_step(folder) + 1, int(STEPS_A_CUT * (number + chance.uniform(-0.4, 0.4))))
        if kind == "the time limit":
            # Half the way: a machine that is less busy than it was must not reach the end.
            training_s = start_s + (target - newest_step(folder)) / 2 * step_s
            limit = {"walltime_s": MARGIN_S + training_s, "stop_margin_s": MARGIN_S}
            wait_for(start(folder, checkpoint_interval_s=interval_s, **limit), {75})
        else:
            process = start(folder, checkpoint_interval_s=interval_s)
            cut_at(process, folder, target, signal.Signals[kind])
            wait_for(process, {"SIGTERM": {143}, "SIGKILL": {-signal.SIGKILL}}[kind])
        cuts.append(kind)
    wait_for(start(folder), {0})
    return cuts


def cut_at(process: "subprocess.Popen[bytes]", folder: Path, step: int, number: signal.Signals) -> None:
    """Send a signal once a step is in the history."""
    while newest_step(folder) < step and process.poll() is None:
        time.sleep(POLL_S)
    process.send_signal(number)


def start(folder: Path, **placement: float) -> "subprocess.Popen[bytes]":
    """Start a training job."""
    command = [sys.executable, str(CHECKOUT / "scripts" / "train_segment.py"), "--spec", str(folder / "spec.json")]
    command += ["--tokens", f"en={folder / 'tokens' / 'en'}", "--orders", str(folder / "orders")]
    command += ["--init", str(folder / "init.safetensors"), "--end-step", str(STEPS), "--work", str(folder / "work")]
    command += ["--placement", json.dumps(placement), "--marker", str(folder / "marker.json")]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for(process: "subprocess.Popen[bytes]", statuses: set[int]) -> None:
    """Wait for a job's end and stop if it is another than expected."""
    _, said = process.communicate()
    if process.returncode not in statuses:
        sys.exit(f"a job ended with {process.returncode} instead of {statuses}: {said.decode()}")


def run_folder(folder: Path) -> Path:
    """Return where the checkpoints are."""
    return folder / "work" / seal_of(folder / "spec.json")


def newest_step(folder: Path) -> int:
    """Return the last step that the newest generation wrote down, 0 before it did."""
    histories = sorted(run_folder(folder).glob("*/history.jsonl"))
    lines = histories[-1].read_bytes().split(b"\n")[:-1] if histories else []
    return int(json.loads(lines[-1])["step"]) if lines else 0


def steps_taken(folder: Path) -> int:
    """Return how many steps were taken in all generations."""
    return sum(path.read_bytes().count(b"\n") for path in run_folder(folder).glob("*/history.jsonl"))


def history(folder: Path) -> list[dict[str, float]]:
    """Return the lines that led to the end."""
    return assemble_history(run_folder(folder), read_json(folder / "marker.json")["generation"], STEPS)


def count_different_arrays(folder: Path, other: Path) -> int:
    """Return how many arrays of two final states differ."""
    states = []
    for place in (folder, other):
        generation = read_json(place / "marker.json")["generation"]
        states.append(load_file(run_folder(place) / f"{generation:04d}" / f"step{STEPS}" / "state.safetensors"))
    return sum(not np.array_equal(states[0][name], states[1][name]) for name in states[0].keys() | states[1].keys())


def prepare(folder: Path) -> None:
    """Write invented tokens and all that a run reads, by the stages before training."""
    prefix, order = folder / "tokens" / "en", folder / "orders" / "en"
    write_tokens(prefix)
    settings = OrderSettings(samples=SCHEDULE.samples, weight=1.0, sequence_length=SCHEDULE.sequence_length, seed=0)
    places = {f"{name}_path": order / f"{name}_idx.npy" for name in ("doc", "sample", "shuffle")}
    order_corpus(
        settings, prefix.with_name("en.json"), prefix.with_suffix(".idx"), record_path=order / "index.json", **places
    )
    blend = BlendSettings(samples=SCHEDULE.samples, weights={"en": 1.0})
    blend_corpora(
        blend, {"en": order / "index.json"}, folder / "orders" / "blend.npy", folder / "orders" / "blend.json"
    )
    save_file(draw_weights(SIZE, VOCABULARY, 0), folder / "init.safetensors")
    write_json(folder / "spec.json", describe_run(folder, prefix))


def write_tokens(prefix: Path) -> None:
    """Write documents of random lengths whose ids follow a geometric law."""
    generator, (bin_path, idx_path) = np.random.default_rng(0), pair_paths(prefix)
    sizes = generator.integers(20, 400, 2000).astype(np.int32)
    ids = np.minimum(generator.geometric(0.02, sizes.sum()), VOCABULARY - 1).astype(np.uint16)
    prefix.parent.mkdir(parents=True)
    ids.tofile(bin_path)
    write_index(idx_path, np.uint16, [sizes])
    counts = TextCounts(tokens=len(ids), documents=len(sizes))
    record, place = record_pair(bin_path, idx_path), prefix.with_name("en.json")
    write_pair_record(place, record, counts=counts, dtype=np.uint16, tokenizer_sha256="0" * 64, documents_records=[])


def describe_run(folder: Path, prefix: Path) -> dict[str, object]:
    """Return the run's spec."""
    bin_path, idx_path = pair_paths(prefix)
    corpus = {"weight": 1.0, "language": "en", "bin_sha256": sha256_file(bin_path), "idx_sha256": sha256_file(idx_path)}
    names = {"mix": "en", "size": "e3", "schedule_id": "cut", "seed": 0, "engine": "torch", "numerics": "fp32"}
    return names | {
        "recipe": 1,
        "architecture": describe_architecture(SIZE, VOCABULARY, SCHEDULE.sequence_length),
        "schedule": SCHEDULE.model_dump(mode="json"),
        "corpora": {"en": corpus | {"order_sha256": seal_of(folder / "orders" / "en" / "index.json")}},
        "blend_sha256": seal_of(folder / "orders" / "blend.json"),
        "init_sha256": sha256_file(folder / "init.safetensors"),
        "tokenizer_sha256": "0" * 64,
        "end_of_text_id": 0,
    }
