"""The blend, against the recorded runs and against its sequential law."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.files import write_json
from tenbin.mixing import blend
from tenbin.mixing.blend import BlendSettings, blend_corpora, build_blend, normalise_weights


def follow_the_law(weights: list[float], samples: int) -> list[int]:
    """Take the positions one after the other, in double precision."""
    shares = np.array(normalise_weights(weights))
    shares = (shares / shares.sum()).tolist()
    taken = [0] * len(shares)
    choices = []
    for position in range(samples):
        deficits = [share * max(float(position), 1.0) - count for share, count in zip(shares, taken, strict=True)]
        choice = deficits.index(max(deficits))
        taken[choice] += 1
        choices.append(choice)
    return choices


@pytest.mark.golden
@pytest.mark.parametrize(("run", "weights"), [("A1", [0.5, 0.5]), ("A3", [0.25, 0.75]), ("A5", [3.0, 2.0])])
def test_blend_equals_the_recorded_runs(shared_data: Path, run: str, weights: list[float]) -> None:
    with (shared_data / "neox_golden" / "runs" / run / "order.csv").open() as stream:
        recorded = [int(row["corpus"]) for row in csv.DictReader(stream) if row["set"] == "train"]
    assert len(recorded) == 480
    assert build_blend(weights, 480).tolist() == recorded


WEIGHTS = st.one_of(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=6),
    st.lists(st.integers(1, 12).map(float), min_size=1, max_size=5),
    st.lists(st.sampled_from([0.1, 0.2, 0.25, 1 / 3, 0.5, 2 / 3]), min_size=2, max_size=12),
)


@settings(max_examples=80, deadline=None)
@given(WEIGHTS, st.integers(1, 3000))
def test_blend_equals_the_sequential_law(weights: list[float], samples: int) -> None:
    with pytest.MonkeyPatch.context() as patch:  # short lanes: many of them within a few samples
        patch.setattr(blend, "LANE_SAMPLES", 16)
        patch.setattr(blend, "BLOCK_SAMPLES", 640)
        assert build_blend(weights, samples).tolist() == follow_the_law(weights, samples)


@settings(max_examples=30, deadline=None)
@given(WEIGHTS, st.integers(0, 3))
def test_blend_does_not_depend_on_the_guess(weights: list[float], wrong: int) -> None:
    def guess_badly(shares: np.ndarray, positions: np.ndarray) -> np.ndarray:
        guess = np.zeros((len(shares), len(positions)))
        guess[wrong % len(shares)] = positions
        return guess

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blend, "LANE_SAMPLES", 16)
        patch.setattr(blend, "_guess_taken", guess_badly)
        assert build_blend(weights, 500).tolist() == follow_the_law(weights, 500)


def test_equal_weights_alternate_starting_with_the_first() -> None:
    assert build_blend([0.5, 0.5], 10_000).tolist() == [0, 1] * 5000


def test_counts_follow_the_weights_over_many_samples() -> None:
    taken = np.bincount(build_blend([0.2, 0.3, 0.5], 1_000_000))
    assert taken.tolist() == [200_000, 300_000, 500_000]


def write_order(path: Path, held: int) -> Path:
    write_json(path, {"samples_held": held})
    return path


def test_blend_past_what_an_order_holds_is_refused(tmp_path: Path) -> None:
    orders = {"en": write_order(tmp_path / "en.json", 5), "ja": write_order(tmp_path / "ja.json", 4)}
    settings = BlendSettings(samples=10, weights={"en": 0.5, "ja": 0.5})
    with pytest.raises(UserError, match=r"the order of ja holds 4 samples, the blend takes 5"):
        blend_corpora(settings, orders, tmp_path / "blend.npy", tmp_path / "blend.json")
    assert not (tmp_path / "blend.npy").exists()


def test_blend_without_an_order_is_refused(tmp_path: Path) -> None:
    settings = BlendSettings(samples=10, weights={"en": 0.5, "ja": 0.5})
    with pytest.raises(UserError, match=r"orders are given for \['en'\]"):
        blend_corpora(
            settings,
            {"en": write_order(tmp_path / "en.json", 9)},
            tmp_path / "blend.npy",
            tmp_path / "blend.json",
        )
