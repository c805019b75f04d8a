"""GPT-NeoX's names and ours are one to one."""

from typing import Any

from tenbin.neox.names import hugging_face_shapes, neox_names


def test_every_parameter_has_a_name_of_its_own(tiny_run: Any) -> None:
    shape = tiny_run.spec.architecture
    names = neox_names(shape)
    assert len(names) == len(set(names.values())) == 2 * 12 + 4
    assert sum(rows * columns for rows, columns in map(as_matrix, hugging_face_shapes(shape).values())) == shape.n_total


def as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], shape[1] if len(shape) > 1 else 1


def test_names_are_those_of_neoxs_sequence(tiny_run: Any) -> None:
    names = neox_names(tiny_run.spec.architecture)
    assert names["gpt_neox.embed_in.weight"] == "sequential.0.word_embeddings.weight"
    assert names["gpt_neox.layers.0.attention.query_key_value.bias"] == "sequential.2.attention.query_key_value.bias"
    assert names["gpt_neox.layers.1.mlp.dense_h_to_4h.weight"] == "sequential.3.mlp.linear1.weight"
    assert names["gpt_neox.layers.1.mlp.dense_4h_to_h.bias"] == "sequential.3.mlp.linear2.bias"
    assert names["gpt_neox.final_layer_norm.bias"] == "sequential.5.norm.bias"
    assert names["embed_out.weight"] == "sequential.6.final_linear.weight"
