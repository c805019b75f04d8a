"""Inputs of the figures at the scale of the embedded study, made by formula."""

import csv
import itertools
import json
import math
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tenbin.files import record_file, write_json
from tenbin.scaling.comparing.table import compare_mixes
from tenbin.scaling.curves import fit_curves
from tenbin.study.comparisons import Comparison

SIZES = {"d16l1": 3_312, "d32l1": 12_768, "d64l1": 50_112, "d64l2": 100_096, "d128l2": 396_800}
WIDTHS = {"d16l1": 16, "d32l1": 32, "d64l1": 64, "d64l2": 64, "d128l2": 128}
LOSSES = {
    ("en", "en"): (4.54, 4.23, 4.06, 4.02, 3.90),
    ("enja", "en"): (4.40, 4.16, 4.02, 3.97, 3.86),
    ("ja", "en"): (8.9, 8.4, 8.2, 8.1, 8.0),
    ("ja", "ja"): (5.02, 4.61, 4.38, 4.33, 4.20),
    ("enja", "ja"): (4.81, 4.51, 4.33, 4.28, 4.15),
    ("en", "ja"): (9.1, 8.7, 8.5, 8.4, 8.3),
}
SCHEDULES = {"en": "half", "ja": "half", "enja": "full"}
TOKENS = {"half": 1_500_000, "full": 3_000_000}
BYTES_PER_TOKEN = {"en": 3.6, "ja": 5.1}
MIXES = {"en": {"tatoebaen": 1.0}, "ja": {"tatoebaja": 1.0}, "enja": {"tatoebaen": 0.5, "tatoebaja": 0.5}}
CORPORA = {"tatoebaen": "en", "tatoebaja": "ja"}
SEEDS = (1, 2)
COMPARISONS = [
    Comparison(
        language=language,
        mono_mix=language,
        mono_schedule=schedule,
        mix="enja",
        mix_schedule="full",
        at="equal tokens of the language" if schedule == "half" else "equal steps",
        mix_share=0.5,
    )
    for language in ("en", "ja")
    for schedule in ("half", "full")
]
VALIDS = ("tatoebaen", "tatoebaja", "electronen", "electronja")


@dataclass(frozen=True)
class Inputs:
    """Where the synthetic study lies."""

    root: Path
    has_controls: bool = False
    """Whether one language alone was trained for as many steps as the mix, too."""

    @property
    def losses(self) -> Path:
        return self.root / "losses.csv"

    @property
    def losses_record(self) -> Path:
        return self.root / "losses.json"

    @property
    def scaling(self) -> list[Path]:
        """Return the scaling files of all validation sets, fitted at the first call from the losses then there."""
        paths = [self.root / "scaling" / f"{valid}.json" for valid in VALIDS]
        for valid, path in zip(VALIDS, paths, strict=True):
            if not path.exists():
                fit_curves(self.losses, self.losses_record, valid=valid, documents=[], out=path)
        return paths

    @property
    def corpora(self) -> list[Path]:
        return sorted((self.root / "corpora").rglob("*.json"))

    @property
    def comparison(self) -> Path:
        return self.root / "scaling" / "comparison.csv"

    @property
    def comparison_record(self) -> Path:
        """Return the record of the comparison, made at the first call from the losses then there."""
        path = self.comparison.with_suffix(".json")
        if not path.exists():
            compare_mixes(
                self.losses,
                self.losses_record,
                comparisons=COMPARISONS if self.has_controls else COMPARISONS[::2],
                margin=0.005,
                documents=[],
                table=self.comparison,
                record=path,
            )
        return path

    @property
    def mixes(self) -> list[Path]:
        return [self.root / "mixes" / f"{mix}.json" for mix in MIXES]

    def histories(self) -> list[tuple[Path, Path, str]]:
        """Return (history, done, label as JSON) of every run."""
        rows = []
        for mix, size, seed in itertools.product(MIXES, SIZES, SEEDS):
            folder = self.root / "runs" / mix / size / SCHEDULES[mix] / f"seed{seed}"
            label = {"mix": mix, "size": size, "schedule": SCHEDULES[mix], "seed": seed, "n_nonembedding": SIZES[size]}
            rows.append((folder / "history.jsonl", folder / "done.json", json.dumps(label)))
        return rows


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return a study that tests must not change."""
    return make_inputs(tmp_path_factory.mktemp("figures") / "results")


@pytest.fixture(scope="session")
def inputs_with_controls(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return a study that tests must not change."""
    return make_inputs(tmp_path_factory.mktemp("figures") / "controlled", has_controls=True)


@pytest.fixture
def own_inputs(tmp_path: Path, inputs: Inputs) -> Inputs:
    """Return a study that the test may change before it asks for its fits."""
    shutil.copytree(inputs.root, tmp_path / "own", ignore=shutil.ignore_patterns("scaling"))
    return Inputs(tmp_path / "own")


def make_inputs(root: Path, *, has_controls: bool = False) -> Inputs:
    """Write a whole synthetic study below a folder."""
    inputs = Inputs(root, has_controls)
    _write_mixes(root / "mixes")
    _write_losses(inputs)
    _write_histories(inputs)
    _write_corpora(root / "corpora")
    return inputs


def _write_corpora(folder: Path) -> None:
    for corpus, language in CORPORA.items():
        for split, shards in (("train", 2), ("valid", 1)):
            for shard in range(shards):
                record = {
                    "recipe": 1,
                    "language": language,
                    "source": "Sentences (example.org), written by <contributors> & friends",
                    "licence": "CC BY 2.0 FR",
                    "split": split,
                    "documents": 60_000 if split == "train" else 2_400,
                    "text_bytes": 4_000_000 if split == "train" else 160_000,
                    "unreadable": {"not UTF-8": 1, "malformed JSON": 2},
                }
                write_json(folder / corpus / split / f"{shard:05d}.json", record)


def _write_mixes(folder: Path) -> None:
    for mix, weights in MIXES.items():
        corpora = {corpus: {"weight": weight, "language": CORPORA[corpus]} for corpus, weight in weights.items()}
        write_json(folder / f"{mix}.json", {"recipe": 1, "corpora": corpora})


def _write_losses(inputs: Inputs) -> None:
    rows = [row for key in LOSSES for row in _loss_rows(*key)]
    controls = [_train_longer(row) for row in rows if row["mix"] != "enja"] if inputs.has_controls else []
    write_losses(inputs, rows + controls)


def _train_longer(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"schedule": "full", "loss_nats_per_token": row["loss_nats_per_token"] * 0.965}


def write_losses(inputs: Inputs, rows: list[dict[str, Any]]) -> None:
    """Write the losses table and its record."""
    with inputs.losses.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    write_json(inputs.losses_record, {"recipe": 1, "files": {"table": record_file(inputs.losses)}})


def _loss_rows(mix: str, language: str) -> list[dict[str, Any]]:
    rows = []
    for (size, parameters), loss, seed in zip_sizes(LOSSES[mix, language]):
        for in_domain, extra in ((True, 0.0), (False, 1.3)):
            noisy = loss + extra + random.Random(f"{mix}{language}{size}{seed}").gauss(0, 0.012)
            rows.append(
                {
                    "mix": mix,
                    "size": size,
                    "schedule": SCHEDULES[mix],
                    "seed": seed,
                    "valid": f"tatoeba{language}" if in_domain else f"electron{language}",
                    "lang": language,
                    "in_domain": str(in_domain).lower(),
                    "n_nonembedding": parameters,
                    "n_total": parameters + 2 * 4096 * WIDTHS[size],
                    "steps": TOKENS[SCHEDULES[mix]] // 2048,
                    "tokens": TOKENS[SCHEDULES[mix]],
                    "loss_nats_per_token": noisy,
                    "loss_stderr": 0.006,
                    "bits_per_byte": noisy / math.log(2) / BYTES_PER_TOKEN[language],
                }
            )
    return rows


def zip_sizes(losses: tuple[float, ...]) -> list[tuple[tuple[str, int], float, int]]:
    return [(size, loss, seed) for size, loss in zip(SIZES.items(), losses, strict=True) for seed in SEEDS]


def _write_histories(inputs: Inputs) -> None:
    for history, done, label in inputs.histories():
        run = json.loads(label)
        last = LOSSES[run["mix"], run["mix"][:2]][list(SIZES).index(run["size"])]
        history.parent.mkdir(parents=True)
        noise = random.Random(str(history.relative_to(inputs.root)))
        steps, tokens = 750, TOKENS[run["schedule"]]
        with history.open("w", encoding="utf-8") as stream:
            for step in range(1, steps + 1):
                loss = last + (8.3 - last) * math.exp(-6 * (step / steps) ** 0.45) + noise.gauss(0, 0.06)
                stream.write(json.dumps({"step": step, "tokens": tokens * step // steps, "loss": loss}) + "\n")
        write_json(done, {"recipe": 1, "files": {"history": record_file(history)}})


@pytest.fixture
def grey() -> Callable[[str], float]:
    """Return a function from #rrggbb to its lightness L* (0 to 100, CIE 1976)."""
    return lightness


def lightness(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance
