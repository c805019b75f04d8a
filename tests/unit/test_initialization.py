"""Initial weights: GPT-NeoX's names, shapes and law, and independence of everything but seed and name."""

import hashlib

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tenbin.files import read_json, verify_file, write_json
from tenbin.initialization import draw_weights, parameter_shapes, standard_deviation, write_weights
from tenbin.model import Architecture, GPTNeoX
from tenbin.study.catalogue import Size

SMALL = Size(hidden_size=16, num_layers=1, num_heads=2, n_nonembedding=3312)
A3 = Size(hidden_size=64, num_layers=2, num_heads=8, n_nonembedding=100_096)


@pytest.mark.golden
def test_names_shapes_and_deviations_are_those_of_gpt_neox(shared_data):
    recorded = load_file(shared_data / "neox_golden/runs/A3/step0.safetensors")
    drawn = draw_weights(A3, 4096, 1234)
    assert {name: value.shape for name, value in drawn.items()} == {n: v.shape for n, v in recorded.items()}
    for name, value in recorded.items():
        if value.ndim == 1:
            np.testing.assert_array_equal(drawn[name], value)
        else:
            expected, sampling = standard_deviation(name, A3), 4 / np.sqrt(2 * value.size)
            assert value.std() == pytest.approx(expected, rel=sampling)
            assert drawn[name].std() == pytest.approx(expected, rel=sampling)
            assert abs(drawn[name].mean()) < 4 * expected / np.sqrt(value.size)


def test_the_network_takes_every_drawn_parameter():
    model = GPTNeoX(Architecture(64, 2, 8, 2, 256, 32))
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    assert parameter_shapes(A3, 256) == shapes


def test_drawn_bytes_stay_what_they_are():
    """Raise recipes.INIT when this digest has to change."""
    weights = draw_weights(SMALL, 128, 1234)
    digest = hashlib.sha256(b"".join(weights[name].tobytes() for name in sorted(weights))).hexdigest()
    assert digest == "6566202551ba6910f997aa77ecc0db43430fe2477c7ac4392e07e653eb68fe17"


def test_threads_and_the_global_generator_do_not_matter():
    before = draw_weights(SMALL, 128, 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    np.random.seed(5)
    after = draw_weights(SMALL, 128, 1)
    torch.set_num_threads(threads)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_seeds_and_matrices_have_streams_of_their_own():
    one, two = draw_weights(SMALL, 128, 1), draw_weights(SMALL, 128, 2)
    assert not np.array_equal(one["embed_out.weight"], two["embed_out.weight"])
    assert not np.array_equal(one["embed_out.weight"], one["gpt_neox.embed_in.weight"])


def test_the_record_describes_the_file(tmp_path):
    write_json(tmp_path / "tokenizer.record.json", {"padded_vocabulary": 128})
    write_weights(SMALL, 7, tmp_path / "tokenizer.record.json", tmp_path / "w.safetensors", tmp_path / "w.json")
    record = read_json(tmp_path / "w.json")
    verify_file(tmp_path / "w.safetensors", record["weights"])
    assert (
        record["n_total"] == 3312 + 2 * 128 * 16 == sum(v.size for v in load_file(tmp_path / "w.safetensors").values())
    )
    assert (record["recipe"], record["seed"]) == (1, 7)
