"""What GPT-NeoX calls the parameters that this project names as Hugging Face does.

With `pipe_parallel_size: 0` the network is one `torch.nn.Sequential`: the input embedding, a step without parameters,
the layers, another such step, the final LayerNorm and the output layer. At `model_parallel_size: 1` each tensor is
the same in both, element for element; query_key_value is grouped by head in both.
"""

from tenbin.initialization import parameter_shapes
from tenbin.study.catalogue import Size
from tenbin.training.spec import NetworkShape

FIRST_LAYER = 2
"""Position of the first layer in the sequence."""
LINEAR = {"mlp.dense_h_to_4h.": "mlp.linear1.", "mlp.dense_4h_to_h.": "mlp.linear2."}


def neox_names(shape: NetworkShape) -> dict[str, str]:
    """Return GPT-NeoX's name of every parameter, by its Hugging Face name."""
    return {name: neox_name(name, shape.num_layers) for name in hugging_face_shapes(shape)}


def hugging_face_shapes(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter, by its Hugging Face name."""
    size = Size(
        hidden_size=shape.hidden_size,
        num_layers=shape.num_layers,
        num_heads=shape.num_heads,
        n_nonembedding=shape.n_nonembedding,
    )
    return parameter_shapes(size, shape.vocabulary)


def neox_name(name: str, num_layers: int) -> str:
    """Return GPT-NeoX's name of a parameter from its Hugging Face name."""
    if name == "gpt_neox.embed_in.weight":
        return "sequential.0.word_embeddings.weight"
    if name == "embed_out.weight":
        return f"sequential.{FIRST_LAYER + num_layers + 2}.final_linear.weight"
    if name.startswith("gpt_neox.final_layer_norm."):
        return f"sequential.{FIRST_LAYER + num_layers + 1}.norm.{name.rpartition('.')[2]}"
    layer, _, parameter = name.removeprefix("gpt_neox.layers.").partition(".")
    for ours, theirs in LINEAR.items():
        parameter = parameter.replace(ours, theirs)
    return f"sequential.{FIRST_LAYER + int(layer)}.{parameter}"
