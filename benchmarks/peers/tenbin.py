"""Us, through the same doors as every job: the network in training, and the scoring of a stream of tokens."""

from collections.abc import Iterator

from settings import BATCH_SIZE, SEQUENCE_LENGTH, TOKENS_PER_BATCH, Setting, Work
from torch import Tensor

from tenbin.evaluation.scoring import score_tokens
from tenbin.initialization import draw_weights
from tenbin.specs import describe_architecture
from tenbin.study.catalogue import Schedule, Size
from tenbin.training.network import NetworkInTraining, build_model, copy_weights
from tenbin.training.spec import NetworkShape

SCHEDULE = Schedule(
    steps=1_000_000,
    batch_size=BATCH_SIZE,
    sequence_length=SEQUENCE_LENGTH,
    peak_learning_rate=1e-3,
    final_learning_rate=1e-4,
)


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train."""
    network = NetworkInTraining(shape(work), SCHEDULE, setting.micro_batch, setting.numerics)
    network.load_weights(draw_weights(size(work), work.vocabulary, 0))
    for step, batch in enumerate(batches, start=1):
        network.step(step, batch)


def score(work: Work, _setting: Setting, batches: Iterator[Tensor]) -> None:
    """Score streams of as many tokens as a batch has, in fp32 as all published losses."""
    model = build_model(shape(work)).eval()
    copy_weights(draw_weights(size(work), work.vocabulary, 0), dict(model.named_parameters()))
    for batch in batches:
        stream = batch.flatten()[: TOKENS_PER_BATCH + 1].numpy()
        score_tokens(model, stream, SEQUENCE_LENGTH)


def shape(work: Work) -> NetworkShape:
    """Return the work's network as a run's spec describes it."""
    return NetworkShape(**describe_architecture(size(work), work.vocabulary, SEQUENCE_LENGTH))


def size(work: Work) -> Size:
    """Return the work's size as the catalogue describes it."""
    width, layers = work.hidden_size, work.num_layers
    count = layers * (12 * width * width + 13 * width) + 2 * width
    return Size(hidden_size=width, num_layers=layers, num_heads=work.num_heads, n_nonembedding=count)
