"""The step loop of one rank. All ranks take the same steps and save after the same ones; rank 0 alone writes."""

import time
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed
from torch import Tensor

from tenbin.mixing.samples import BlendedSamples
from tenbin.training.ranked_job import RankedJob
from tenbin.training.ranked_network import RankedNetwork
from tenbin.training.ranked_record import Record
from tenbin.training.ranked_state import gather_state


@dataclass
class RankedLoop:
    """One rank's work on a run: from its generation's start to the end of a segment, or until asked to stop."""

    network: RankedNetwork
    samples: BlendedSamples
    ranked: RankedJob

    def run(self) -> None:
        """Train; the last step taken is saved."""
        rank = torch.distributed.get_rank()
        with Record(self.ranked, self.network.schedule) if rank == 0 else nullcontext() as record:
            step, stop = self.ranked.generation.start.step, False
            while step < self.ranked.job.end_step and not stop:
                step += 1
                stop, save = self._step(step, record)
                if stop or save or step == self.ranked.job.end_step:
                    self._save(step, record)

    def _step(self, step: int, record: Record | None) -> tuple[bool, bool]:
        started = time.perf_counter()
        asks = record.asks() if record else (False, False)
        result = self.network.step(step, rank_sequences(self.samples, step - 1), asks)
        if record:
            taken = result.taken(step, time.perf_counter() - started)
            record.note(taken, self.samples.tokens_per_corpus(step))
            record.report(taken)
        stop, save = result.asked
        return stop, save

    def _save(self, step: int, record: Record | None) -> None:
        state = gather_state(self.network)
        if record:
            assert state is not None
            record.save(step, state)


def rank_sequences(samples: BlendedSamples, step: int) -> Tensor:
    """Return this rank's token ids of a step (from 0) [batch / ranks, sequence + 1]: ranks share it in order."""
    ranks, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    share = samples.batch_size // ranks
    places = samples.places(step)[rank * share : (rank + 1) * share]
    rows = np.stack([samples.corpus_samples(place.corpus).tokens(place.k) for place in places])
    return torch.from_numpy(rows.astype(np.int64))
