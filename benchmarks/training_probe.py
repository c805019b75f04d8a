"""One measurement of training: tokens per CPU second and peak memory of one program and shape."""

import json
import resource
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from training import BATCH_SIZE, SEQUENCE_LENGTH, VOCABULARY

WARM_UP, STEPS = 3, 15


def main() -> None:
    """Train on random tokens and print the measurement as JSON."""
    program, width, layers, heads = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(1)
    take_step = {"tenbin": tenbin_step, "transformers": transformers_step}[program](width, layers, heads)
    batches = torch.randint(VOCABULARY, (WARM_UP + STEPS, BATCH_SIZE, SEQUENCE_LENGTH + 1))
    for number, batch in enumerate(batches):
        if number == WARM_UP:
            started = time.process_time()
        take_step(number + 1, batch)
    seconds = time.process_time() - started
    tokens = STEPS * BATCH_SIZE * SEQUENCE_LENGTH
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"tokens_per_second": tokens / seconds, "peak_mb": peak_mb}))


def tenbin_step(width: int, layers: int, heads: int) -> Callable[[int, Tensor], object]:
    """Return our step."""
    from tenbin.initialization import draw_weights
    from tenbin.specs import describe_architecture
    from tenbin.study.catalogue import Schedule, Size
    from tenbin.training.network import NetworkInTraining
    from tenbin.training.spec import NetworkShape

    count = layers * (12 * width * width + 13 * width) + 2 * width
    size = Size(hidden_size=width, num_layers=layers, num_heads=heads, n_nonembedding=count)
    schedule = Schedule(
        steps=1000,
        batch_size=BATCH_SIZE,
        sequence_length=SEQUENCE_LENGTH,
        peak_learning_rate=1e-3,
        final_learning_rate=1e-4,
    )
    network = NetworkInTraining(NetworkShape(**describe_architecture(size, VOCABULARY, SEQUENCE_LENGTH)), schedule)
    network.load_weights(draw_weights(size, VOCABULARY, 0))
    return network.step


def transformers_step(width: int, layers: int, heads: int) -> Callable[[int, Tensor], object]:
    """Return the step of a plain loop as its users write it."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=SEQUENCE_LENGTH,
    )
    model = GPTNeoXForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)

    def step(_: int, batch: Tensor) -> None:
        optimizer.zero_grad()
        logits = model(batch[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
