"""The GPT-NeoX network, lean: parallel residual, rotary on a part of each head, untied output.

Parameter names are those of Hugging Face's GPTNeoX files, so that weights move between GPT-NeoX,
transformers and this module without renaming. The architecture follows EleutherAI/gpt-neox
(`megatron/model/transformer.py`) with the settings of the published study: `gpt_j_residual`,
`rotary_pct` 0.25, `no_weight_tying`, exact GELU, no dropout.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenbin.kernels.attention import causal_attention
from tenbin.kernels.linear import Linear

LAYER_NORM_EPSILON = 1e-5
ROTARY_BASE = 10_000.0


@dataclass(frozen=True)
class Architecture:
    """The shape of a network; `vocabulary` is the padded one, `sequence_length` the longest input."""

    hidden_size: int
    num_layers: int
    num_heads: int
    rotary_width: int
    vocabulary: int
    sequence_length: int

    @property
    def head_size(self) -> int:
        """Return the width of one attention head."""
        return self.hidden_size // self.num_heads


class GPTNeoX(nn.Module):
    """Token ids [batch, positions] to logits [batch, positions, vocabulary]."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.gpt_neox = Trunk(architecture)
        self.embed_out = nn.Linear(architecture.hidden_size, architecture.vocabulary, bias=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Return all logits; training and scoring use `hidden_states`, which spares storing them."""
        logits: Tensor = self.embed_out(self.hidden_states(token_ids))
        return logits

    def hidden_states(self, token_ids: Tensor) -> Tensor:
        """Return the input of the output layer, [batch, positions, hidden_size]."""
        hidden: Tensor = self.gpt_neox(token_ids)
        return hidden

    def num_parameters(self) -> tuple[int, int]:
        """Return the number of parameters without the two embeddings, and with them."""
        total = sum(parameter.numel() for parameter in self.parameters())
        return total - self.embed_out.weight.numel() - self.gpt_neox.embed_in.weight.numel(), total


class Trunk(nn.Module):
    """Input embedding, layers and the final LayerNorm."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.embed_in = nn.Embedding(architecture.vocabulary, architecture.hidden_size)
        self.layers = nn.ModuleList(Layer(architecture) for _ in range(architecture.num_layers))
        self.final_layer_norm = nn.LayerNorm(architecture.hidden_size, LAYER_NORM_EPSILON)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Return hidden states [batch, positions, hidden_size]."""
        rotation = rotary_table(token_ids.shape[1], self.architecture.rotary_width, token_ids.device)
        hidden: Tensor = self.embed_in(token_ids)
        for layer in self.layers:
            hidden = layer(hidden, rotation)
        normed: Tensor = self.final_layer_norm(hidden)
        return normed


class Layer(nn.Module):
    """x + attention(norm(x)) + mlp(norm'(x)): both branches read the same x."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.input_layernorm = nn.LayerNorm(architecture.hidden_size, LAYER_NORM_EPSILON)
        self.post_attention_layernorm = nn.LayerNorm(architecture.hidden_size, LAYER_NORM_EPSILON)
        self.attention = Attention(architecture)
        self.mlp = FeedForward(architecture.hidden_size)

    def forward(self, hidden: Tensor, rotation: Tensor) -> Tensor:
        """Return the next residual stream, [batch, positions, hidden_size]."""
        attended: Tensor = self.attention(self.input_layernorm(hidden), rotation)
        transformed: Tensor = self.mlp(self.post_attention_layernorm(hidden))
        return hidden + attended + transformed


class Attention(nn.Module):
    """Causal attention over the whole input; rows of the fused weight are grouped by head as (head, [q, k, v])."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.query_key_value = Linear(architecture.hidden_size, 3 * architecture.hidden_size)
        self.dense = Linear(architecture.hidden_size, architecture.hidden_size)

    def forward(self, hidden: Tensor, rotation: Tensor) -> Tensor:
        """Return the attention branch, [batch, positions, hidden_size]."""
        batch, positions, _ = hidden.shape
        heads, head_size = self.architecture.num_heads, self.architecture.head_size
        fused = self.query_key_value(hidden).view(batch, positions, heads, 3, head_size)
        output: Tensor = self.dense(causal_attention(fused, rotation))
        return output


class FeedForward(nn.Module):
    """Two linear layers with an exact (erf) GELU, four times the width between them."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.dense_h_to_4h = Linear(hidden_size, 4 * hidden_size)
        self.dense_4h_to_h = Linear(4 * hidden_size, hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the MLP branch, of the shape of its input."""
        output: Tensor = self.dense_4h_to_h(functional.gelu(self.dense_h_to_4h(hidden)))
        return output


def rotary_table(positions: int, rotary_width: int, device: torch.device | None = None) -> Tensor:
    """Return cos and sin of position / base^(2i / rotary_width) (Su et al. 2021) [2, positions, rotary_width / 2]."""
    frequencies = 1.0 / ROTARY_BASE ** (torch.arange(0, rotary_width, 2, device=device).float() / rotary_width)
    angles = torch.outer(torch.arange(positions, device=device).float(), frequencies)
    return torch.stack([angles.cos(), angles.sin()])
