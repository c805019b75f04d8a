"""Hugging Face transformers' Trainer, at its defaults but for what a CPU and the batch of 16 sequences ask."""

import tempfile
from collections.abc import Iterator

from settings import BATCH_SIZE, Setting, Work
from torch import Tensor
from torch.utils.data import IterableDataset
from transformers import Trainer, TrainingArguments

from peers.huggingface import build

ENDLESS = 1_000_000


class Sequences(IterableDataset):
    """The batches' sequences, one by one; the model shifts the labels by itself."""

    def __init__(self, batches: Iterator[Tensor]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        for batch in self.batches:
            for sequence in batch:
                yield {"input_ids": sequence[:-1], "labels": sequence[:-1]}


def train(work: Work, setting: Setting, batches: Iterator[Tensor]) -> None:
    """Train with it."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            use_cpu=True,
            max_steps=ENDLESS,
            per_device_train_batch_size=setting.micro_batch,
            gradient_accumulation_steps=BATCH_SIZE // setting.micro_batch,
            bf16=setting.numerics == "bf16",
            torch_compile=setting.compiled,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        Trainer(build(work), arguments, train_dataset=Sequences(batches)).train()
