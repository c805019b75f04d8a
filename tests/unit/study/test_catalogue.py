"""Sizes have the published counts; weights, rates and seeds mean what GPT-NeoX means by them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenbin.study.catalogue import PUBLISHED_VOCABULARY, Mix, Schedule, Size
from tenbin.study.model import PUBLISHED_SIZES
from tenbin.study.tokenizers import padded_vocabulary

SHAPES = {"e3": (16, 1), "e4": (32, 1), "e5": (64, 2), "e6": (256, 3), "e7": (512, 6), "e8": (1024, 24)}


def size(width: int, layers: int, heads: int = 1) -> Size:
    count = layers * (12 * width * width + 13 * width) + 2 * width
    return Size(hidden_size=width, num_layers=layers, num_heads=heads, n_nonembedding=count)


@pytest.mark.parametrize("name", SHAPES)
def test_published_shapes_have_the_published_counts(name: str) -> None:
    shape = size(*SHAPES[name])
    assert (shape.count_nonembedding(), shape.count_total(PUBLISHED_VOCABULARY)) == PUBLISHED_SIZES[name]


def test_vocabularies_are_padded_as_gpt_neox_does() -> None:
    assert [padded_vocabulary(v) for v in (1, 128, 129, 4096, 50_277)] == [128, 128, 256, 4096, 50_304]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_normalised_weights_are_accepted_however_they_round(parts: list[int]) -> None:
    total = sum(parts)
    Mix(corpora={f"c{number}": part / total for number, part in enumerate(parts)})


@given(st.floats(1e-6, 0.5))
def test_weights_off_by_more_than_the_tolerance_are_refused(error: float) -> None:
    with pytest.raises(ValidationError, match="must sum to 1"):
        Mix(corpora={"a": 0.5, "b": 0.5 - error * 0.99})


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        size(16, 1, 2).num_heads = 3  # type: ignore[misc]


def test_a_schedule_knows_its_tokens() -> None:
    published = Schedule(
        steps=100_000,
        batch_size=1536,
        sequence_length=2048,
        peak_learning_rate=0.97e-4,
        final_learning_rate=0.97e-5,
    )
    assert published.tokens == 314_572_800_000
    assert math.isclose(published.warmup_share * published.steps, 1000)
