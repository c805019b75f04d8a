"""Truths: plausible parameters of every form, a table it can be fitted to, and the published tables."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TRUTHS: dict[str, dict[str, float]] = {
    "power_law": {"A": 20, "alpha": 0.1},
    "power_law_constant": {"E": 1.7, "A": 40, "alpha": 0.3},
    "chinchilla": {"E": 1.7, "A": 400, "B": 410, "alpha": 0.34, "beta": 0.28},
    "kaplan": {"Nc": 6.4e13, "Dc": 1.8e13, "aN": 0.076, "aD": 0.103},
    "overtraining": {"E": 1.5, "alpha": 113, "beta": 190, "b": -0.24},
    "data_constrained": {"E": 1.87, "A": 521, "B": 1488, "alpha": 0.35, "beta": 0.36, "R_D": 15.4, "R_N": 5.3},
    "mixing_law": {"c": 2, "b": 0.5, "k": -2},
    "mixing_law_2": {"c": 2, "b": 0.5, "k1": -2, "k2": 1},
    "mixing_law_3": {"c": 2, "b": 0.5, "k1": -2, "k2": 1, "k3": -0.5},
    "ratio_law": {"E": 1.7, "A": 400, "B": 410, "alpha": 0.34, "beta": 0.28, "gamma": 0.05},
    "bimix": {"C": 2, "B": 300, "beta": 0.28, "alpha": 0.06},
    "bilingual_shared": {"E": 1.5, "A": 40, "alpha": 0.3, "rho": 0.8},
    "bilingual_shared_exponent": {"E_mono": 1.5, "E_mix": 1.6, "A_mono": 40, "A_mix": 45, "alpha": 0.3},
    "bilingual_free": {"E_mono": 1.5, "E_mix": 1.6, "A_mono": 40, "A_mix": 45, "alpha_mono": 0.3, "alpha_mix": 0.31},
    "transfer": {"E": 1.7, "A": 400, "B": 410, "alpha": 0.34, "beta": 0.28, "tau": 0.25},
}
STUDY_SIZES = np.array([3312, 12768, 100096, 2369792, 18915328, 302311424.0])


@pytest.fixture(scope="session")
def columns() -> dict[str, Any]:
    """Sixty points of every variable."""
    generator = np.random.default_rng(1)
    ranges = {"n": (6, 10), "d": (8.5, 11), "u": (8, 9.5), "other": (8, 11), "p": (-1, 0)}
    found = {key: 10 ** generator.uniform(low, high, 60) for key, (low, high) in ranges.items()}
    proportions = generator.dirichlet(np.ones(4), 60).T
    return found | {f"p{i + 1}": proportions[i] for i in range(3)} | {"mix": np.arange(60) % 2 * 1.0}


@pytest.fixture
def published(shared_data: Path) -> Callable[[str], list[dict[str, str]]]:
    """Return a reader of the published tables."""

    def read(name: str) -> list[dict[str, str]]:
        with (shared_data / "published_fits" / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    return read


@pytest.fixture
def expected(shared_data: Path) -> dict[str, Any]:
    """Return the known answers."""
    answers: dict[str, Any] = json.loads((shared_data / "published_fits" / "EXPECTED.json").read_bytes())
    return answers


@pytest.fixture
def chinchilla_points(published: Callable[[str], list[dict[str, str]]]) -> tuple[dict[str, Any], Any]:
    """Return the 240 points that Besiroglu et al. fit: all but the five largest losses."""
    rows = published("chinchilla_svg_extracted.csv")
    n, c, losses = (np.array([float(r[k]) for r in rows]) for k in ("Model Size", "Training FLOP", "loss"))
    kept = losses < np.sort(losses)[-5]
    return {"n": n[kept], "d": (c / n / 6)[kept]}, losses[kept]
