"""How far training in bf16 strays from fp32, beside torch's own way of training in bf16."""

import numpy as np
import pytest
import torch

from tenbin.initialization import draw_weights
from tenbin.study.catalogue import Schedule, Size
from tenbin.training.network import NetworkInTraining
from tenbin.training.spec import NetworkShape

VOCABULARY = 4096
STEPS = 100
SCHEDULE = Schedule(
    steps=STEPS,
    batch_size=4,
    sequence_length=256,
    peak_learning_rate=1e-2,
    final_learning_rate=1e-3,
    warmup_share=0.05,
)


class Autocast(NetworkInTraining):
    """The whole network and its loss as torch rounds them in bf16."""

    def _accumulate(self, sequences, share):
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(sequences[:, :-1])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten()) * share
        loss.backward()
        return float(loss.detach())


@pytest.mark.slow
@pytest.mark.parametrize("width", [16, 64])
def test_a_hundred_steps_stray_less_than_with_autocast(width):
    batches = invented_text()
    exact = curve(NetworkInTraining, width, batches)
    ours = np.abs(curve(NetworkInTraining, width, batches, "bf16") - exact)
    theirs = np.abs(curve(Autocast, width, batches) - exact)
    for name, distance in (("bf16", ours), ("autocast", theirs)):
        print(f"width {width}, {name}: {distance.mean():.1e} nats from fp32 on average, {distance.max():.1e} at most")
    assert exact[-1] < exact[0] - 1.0
    assert 0 < ours.mean() < theirs.mean()
    assert ours.max() < theirs.max()


def curve(kind, width, batches, numerics="fp32"):
    """Return the losses of all steps from the same weights."""
    size = Size(hidden_size=width, num_layers=1, num_heads=width // 8, n_nonembedding=12 * width**2 + 15 * width)
    shape = NetworkShape(
        **size.model_dump(include={"hidden_size", "num_layers", "num_heads", "n_nonembedding"}),
        rotary_width=size.rotary_width(),
        vocabulary=VOCABULARY,
        sequence_length=SCHEDULE.sequence_length,
        n_total=size.count_total(VOCABULARY),
    )
    network = kind(shape, SCHEDULE, numerics=numerics)
    network.load_weights(draw_weights(size, VOCABULARY, 1234))
    return np.array([network.step(step, batch)[0] for step, batch in enumerate(batches, start=1)])


def invented_text():
    """Return token ids of all steps, some words of which are frequent and some told by the word before."""
    random = np.random.default_rng(7)
    frequencies = 1 / np.arange(10, 10 + VOCABULARY)
    shape = (STEPS, SCHEDULE.batch_size, SCHEDULE.sequence_length + 1)
    ids = random.choice(VOCABULARY, shape, p=frequencies / frequencies.sum())
    follows = random.random(shape) < 0.4
    for place in range(1, shape[2]):
        ids[:, :, place] = np.where(follows[:, :, place], (ids[:, :, place - 1] * 5 + 3) % 97, ids[:, :, place])
    return list(torch.from_numpy(ids))
