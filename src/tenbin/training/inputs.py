"""What a training job reads, held against the run's spec before a step is taken.

A run may train for weeks in many jobs: tokens, orders or weights that changed in between would make it a run that no
spec describes.
"""

from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, sha256_file
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import CorpusInput, RunSpec


def check_inputs(job: SegmentJob, spec: RunSpec) -> None:
    """Raise UserError if an input is not the one that the spec names; every reader of samples verifies the tokens."""
    if sha256_file(job.init) != spec.init_sha256:
        raise UserError(f"{job.init} holds other initial weights than {job.spec} names; draw them anew")
    if seal_of(job.orders / "blend.json") != spec.blend_sha256:
        raise UserError(f"{job.orders / 'blend.json'} is another blend than {job.spec} names; write the spec anew")
    for corpus, wanted in spec.corpora.items():
        _check_corpus(job, corpus, wanted, job.orders / corpus / "index.json")


def _check_corpus(job: SegmentJob, corpus: str, wanted: CorpusInput, index: Path) -> None:
    if seal_of(index) != wanted.order_sha256:
        raise UserError(f"{index} is another order than {job.spec} names; write the spec anew")
    files = read_json(index)["token_files"]
    if (files["bin"]["sha256"], files["idx"]["sha256"]) != (wanted.bin_sha256, wanted.idx_sha256):
        raise UserError(f"{index} orders other tokens than {job.spec} names for {corpus}; write the spec anew")
