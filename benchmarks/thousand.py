"""A table of a thousand runs: all fits and all figures of the workflow, by its own programs, in processor time.

The table is invented: ten sizes, five proportions of two languages, two lengths, ten seeds, losses by the ratio law
with noise, histories of a hundred lines. Each program is a process of its own, as in the workflow. The processor time
of all of them counts, with their imports.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from tables import Row

from tenbin.evaluation.table import LOSS_COLUMNS, RUN_COLUMNS
from tenbin.files import canonical_json, record_file, write_json

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
SIZES = {f"d{16 * 2**i}l1": 3_312 * 4**i for i in range(10)}
SHARES = {"en": 0.0, "ja25": 0.25, "ja50": 0.5, "ja75": 0.75, "ja": 1.0}
SCHEDULES = {"short": 1000, "long": 2000}
SEEDS = range(10)
TOKENS_A_STEP = 8192
EMBEDDING = 131_072
HISTORY_LINES = 100
NOISE = 0.003
NEVER_SEEN = 9.0


@dataclass(frozen=True)
class Run:
    """One invented run."""

    mix: str
    size: str
    schedule: str
    seed: int

    @property
    def folder(self) -> str:
        """Return its place below the results."""
        return f"runs/{self.mix}/{self.size}/{self.schedule}/seed{self.seed}"


RUNS = [Run(*ids) for ids in product(SHARES, SIZES, SCHEDULES, SEEDS)]


def measure() -> Iterator[Row]:
    """Yield the time of each program, slowest last, and of all."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_study(folder)
        taken = [(name, run_s(name, arguments)) for name, arguments in programs(folder)]
    for name, seconds in sorted(taken, key=lambda row: row[1]):
        yield f"a table of {len(RUNS):,} runs: {name}", f"{seconds:.1f} CPU-s", ""
    yield f"a table of {len(RUNS):,} runs: all fits and figures", f"{sum(s for _, s in taken):.1f} CPU-s", "<= 30 s"


def write_study(folder: Path) -> None:
    """Write losses, histories and the records of the mixes."""
    generator = np.random.default_rng(0)
    with (folder / "losses.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*RUN_COLUMNS, *LOSS_COLUMNS], lineterminator="\n")
        writer.writeheader()
        for run in RUNS:
            seed_noise = 1 + NOISE * generator.standard_normal()
            writer.writerows(loss_row(run, language, seed_noise) for language in ("en", "ja"))
            write_history(folder / run.folder, run)
    write_json(folder / "losses.json", {"files": {"table": record_file(folder / "losses.csv")}})
    for mix, share in SHARES.items():
        weights = {"en": 1 - share, "ja": share}
        corpora = {code: {"language": code, "weight": weight} for code, weight in weights.items() if weight}
        write_json(folder / f"mixes/{mix}.json", {"corpora": corpora})


def loss_row(run: Run, language: str, seed_noise: float) -> dict[str, Any]:
    """Return a row of losses.csv by the ratio law."""
    share = SHARES[run.mix] if language == "ja" else 1 - SHARES[run.mix]
    tokens = SCHEDULES[run.schedule] * TOKENS_A_STEP
    clean = 2.0 + 12 * SIZES[run.size] ** -0.2 + 400 * tokens**-0.4
    loss = seed_noise * (clean * share**-0.07 if share else NEVER_SEEN)
    common = dict.fromkeys([*RUN_COLUMNS, *LOSS_COLUMNS], 1)
    return common | {
        "mix": run.mix, "size": run.size, "schedule": run.schedule, "seed": run.seed, "valid": language,
        "lang": language, "in_domain": True, "engine": "torch", "n_nonembedding": SIZES[run.size],
        "n_total": SIZES[run.size] + EMBEDDING, "steps": SCHEDULES[run.schedule], "tokens": tokens,
        "flops": 6 * SIZES[run.size] * tokens, "loss_nats_per_token": loss, "loss_stderr": NOISE * loss,
        "bits_per_byte": loss / 2.5, "bits_per_char": loss / 1.5, "eval_documents": 200,
    }  # fmt: skip


def write_history(folder: Path, run: Run) -> None:
    """Write a history of evenly spaced steps and the JSON that describes it."""
    folder.mkdir(parents=True)
    steps = np.linspace(1, SCHEDULES[run.schedule], HISTORY_LINES).astype(int)
    lines = [
        {"step": int(step), "tokens": int(step) * TOKENS_A_STEP, "loss": float(3 + 6 * step**-0.3), "seconds": 0.1}
        for step in steps
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "history.jsonl").write_text(text, encoding="utf-8")
    write_json(folder / "done.json", {"files": {"history": record_file(folder / "history.jsonl")}})


def programs(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the workflow's programs with their arguments, in its order."""
    points = words(points=folder / "losses.csv", points_record=folder / "losses.json")
    losses = words(losses=folder / "losses.csv", losses_record=folder / "losses.json")
    mixes = ["--mixes", *(str(folder / f"mixes/{mix}.json") for mix in SHARES)]
    scaling = ["--scaling", str(folder / "en.json"), str(folder / "ja.json")]
    drawn = {"out_svg": folder / "f.svg", "out_png": folder / "f.png"}
    for language in ("en", "ja"):
        yield "fit_curves", [*points, *words(valid=language, out=folder / f"{language}.json")]
    compared = {"comparisons": comparisons(), "margin": 0.005, "out": folder / "c.csv", "record": folder / "c.json"}
    yield "compare_mixes", [*points, *words(**compared)]
    yield (
        "fit_ratios",
        [*points, *mixes, "--valids", "en", "ja", *words(out=folder / "r.csv", record=folder / "r.json")],
    )
    for parameters in ("nonembedding", "total"):
        yield "plot_loss_versus_size", [*losses, *mixes, *scaling, *words(parameters=parameters, **drawn)]
    for view in ("residuals", "slopes", "profiles"):
        yield "plot_evidence", [*losses, *mixes, *scaling, *words(view=view, **drawn)]
    yield "plot_mix_ratio", [
        *losses, *mixes, *words(comparison=folder / "c.csv", comparison_record=folder / "c.json", **drawn)
    ]  # fmt: skip
    both = [str(folder / "f.svg"), str(folder / "f.png")]
    yield "plot_ratios", [
        *words(record=folder / "r.json", table=folder / "r.csv"), "--out-proportion", *both, "--out-frontier", *both
    ]  # fmt: skip
    histories = ["--history", *(str(folder / run.folder / "history.jsonl") for run in RUNS)]
    histories += ["--done", *(str(folder / run.folder / "done.json") for run in RUNS), "--run", *map(label, RUNS)]
    yield "plot_loss_curves", [*histories, *mixes, *words(**drawn)]
    costs = ["--costs", str(folder / "losses.csv"), str(folder / "losses.json")]
    yield "plot_loss_curves", [*histories, *mixes, *costs, *words(**drawn)]


def words(**options: Any) -> list[str]:
    """Return options as words of a command line."""
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def label(run: Run) -> str:
    """Return what a figure says of a run."""
    return canonical_json({**vars(run), "n_nonembedding": SIZES[run.size]}).decode()


def comparisons() -> str:
    """Return the comparisons of the even mix with each language alone at both lengths."""
    pairs = product(
        ("en", "ja"), (("short", "short", "equal steps"), ("short", "long", "equal tokens of the language"))
    )
    return json.dumps([
        {
            "language": language, "mono_mix": language, "mono_schedule": mono, "mix": "ja50", "mix_schedule": mix,
            "at": at, "mix_share": 0.5, "mono_schedules": ["short", "long"], "mix_schedules": ["short", "long"],
        }
        for language, (mono, mix, at) in pairs
    ])  # fmt: skip


def run_s(name: str, arguments: list[str]) -> float:
    """Run a program to its end and return its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, str(SCRIPTS / f"{name}.py"), *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
