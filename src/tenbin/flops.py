"""Training FLOPs of a run, counted from the model's matrices.

For models this small the usual 6 N D misleads: the smallest published size spends 95 % of its work
on the unembedding, which N without embeddings leaves out. Counted here, a token, forward and backward
(a multiply-accumulate is 2 FLOPs, the backward pass twice the forward pass, hence the 6):

- 6 * 12 L d^2  the four weight matrices of each of L layers of width d (3 + 1 + 4 + 4 times d^2)
- 6 V d         the unembedding over the padded vocabulary V; looking up embeddings costs nothing
- 6 L T d       scores and weighted sum of causal attention: on average T / 2 positions are seen

LayerNorms, biases, rotary embeddings, softmax and the optimiser are left out (Kaplan et al. 2020,
arXiv:2001.08361, section 2.1, counts the same way, without the unembedding).
"""


def training_flops_per_token(*, hidden_size: int, num_layers: int, padded_vocabulary: int, sequence_length: int) -> int:
    """Return 6 (12 L d^2 + V d + L T d), the training FLOPs of one token."""
    matrices = 12 * num_layers * hidden_size**2
    unembedding = padded_vocabulary * hidden_size
    causal_attention = num_layers * sequence_length * hidden_size
    return 6 * (matrices + unembedding + causal_attention)
