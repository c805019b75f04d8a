"""The data of a run under GPT-NeoX's own names: links to tokens and to the index maps that are made already.

GPT-NeoX looks for its maps beside the tokens, names them by what they were made from (megatron/data/gpt2_dataset.py)
and makes those it does not find, there. With this folder it finds all of them, so that it makes nothing, writes
nothing beside the data, and several runs can start at once. It wants a validation and a test set, too: with
`eval_iters: 0` it reads nothing of either, and one small corpus of zeros, `not_read`, stands for both.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.arrays import write_npy
from tenbin.errors import UserError
from tenbin.files import atomic_directory, read_json, seal_of, verify_file, write_json
from tenbin.mixing.order import build_order, count_epochs, count_samples_asked
from tenbin.tokens.mmap import pair_paths, write_index
from tenbin.training.spec import RunSpec

DESCRIPTION = "links.json"
NOT_READ = "not_read"
"""Prefix of the corpus that stands for the validation and test sets; no corpus id has an underscore."""
MAPS = ("doc", "sample", "shuffle")

Description = dict[str, Any]


@dataclass(frozen=True)
class NeoxData:
    """A folder of links, checked against the run that is to read it."""

    folder: Path
    weights: dict[str, float]
    """Weights by corpus id, in the blend's order."""
    samples: int
    """Samples of the whole order, of which a decay branch reads a part."""

    @property
    def prefixes(self) -> list[str]:
        """Return the training tokens as GPT-NeoX is told of them, without .bin and .idx."""
        return [str(self.folder / corpus) for corpus in self.weights]

    @property
    def not_read(self) -> str:
        """Return the validation and test tokens, which nothing reads."""
        return str(self.folder / NOT_READ)


def link_neox_data(tokens: dict[str, Path], orders: Path, batch_size: int, folder: Path, record: Path) -> None:
    """Make the folder of links of an order, and its record.

    Raises UserError if tokens or maps are missing or damaged, or GPT-NeoX would read them in another way.
    """
    blend = read_json(orders / "blend.json")
    if set(tokens) != set(blend["corpora"]):
        raise UserError(f"{orders} blends {sorted(blend['corpora'])}, but tokens are given for {sorted(tokens)}")
    indices = {corpus: read_json(orders / corpus / "index.json") for corpus in blend["corpora"]}
    description = _describe(orders, blend, indices, batch_size)
    _require_same_reading(description, indices, orders)
    _verify(tokens, orders, indices)
    with atomic_directory(folder) as partial:
        for name, target in _targets(description, tokens, orders):
            # The partial folder lies beside the final one, so that relative links hold after the renaming.
            (partial / name).symlink_to(os.path.relpath(target.resolve(), partial.resolve()))
        _write_not_read(partial, description)
        write_json(partial / DESCRIPTION, description)
    write_json(record, description)


def read_links(folder: Path | None, spec: RunSpec) -> NeoxData:
    """Return a folder of links after checking that it holds a run's own order and every file GPT-NeoX looks for.

    Raises UserError if it does not.
    """
    if folder is None:
        raise UserError("engine neox: no folder of linked data is given; pass --neox-data")
    description = read_json(folder / DESCRIPTION)
    orders = {corpus: wanted.order_sha256 for corpus, wanted in spec.corpora.items()}
    if (description["blend_sha256"], description["orders"]) != (spec.blend_sha256, orders):
        raise UserError(f"{folder} links another order than the spec names; delete it and run again")
    if description["batch_size"] != spec.schedule.batch_size:
        raise UserError(f"{folder} was made for batches of {description['batch_size']}; delete it and run again")
    for name in _names(description):
        if not (folder / name).exists():
            raise UserError(f"{folder / name} is missing or leads nowhere; delete {folder} and run again")
    weights = {corpus: description["weights"][corpus] for corpus in description["corpora"]}
    return NeoxData(folder.absolute(), weights, description["samples"])


def map_name(prefix: str, subset: str, samples_asked: int, description: Description, kind: str) -> str:
    """Return the file name that GPT-NeoX gives an index map (doc, sample or shuffle) of a corpus."""
    length, seed = description["sequence_length"], description["seed"]
    return f"{prefix}_{subset}_indexmap_{samples_asked}ns_{length}sl_{seed}s_packedpi_ac_{kind}_idx.npy"


def neox_samples_asked(weights: Sequence[float], samples: int) -> list[int]:
    """Return how many samples GPT-NeoX asks of each corpus; it adds weights up by Python's own sum."""
    total = sum(weights)
    return [count_samples_asked(samples, weight / total) for weight in weights]


def _describe(orders: Path, blend: dict[str, Any], indices: dict[str, Any], batch_size: int) -> Description:
    lengths = {(index["sequence_length"], index["seed"]) for index in indices.values()}
    if len(lengths) != 1:
        raise UserError(f"{orders}: its corpora were ordered for different sequence lengths or seeds; order them anew")
    ((sequence_length, seed),) = lengths
    return {
        "blend_sha256": seal_of(orders / "blend.json"),
        "orders": {corpus: seal_of(orders / corpus / "index.json") for corpus in indices},
        "corpora": list(indices),
        "weights": blend["weights"],
        "samples": blend["samples"],
        "batch_size": batch_size,
        "sequence_length": sequence_length,
        "seed": seed,
    }


def _require_same_reading(description: Description, indices: dict[str, Any], orders: Path) -> None:
    """GPT-NeoX counts one sample too few of every corpus, and starts over when it has read that many."""
    for corpus, asked in _asked(description):
        index = indices[corpus]
        if count_epochs(index["tokens"], index["sequence_length"], asked) != index["epochs"]:
            raise UserError(f"{orders / corpus}: GPT-NeoX would read another number of epochs than {index['epochs']}")
    held, samples = sum(index["samples_held"] - 1 for index in indices.values()), description["samples"]
    if held < samples:
        raise UserError(
            f"{orders}: GPT-NeoX finds {held} samples in these maps and the run reads {samples}: it would start over; "
            "give the corpora more text or the schedule fewer steps"
        )


def _verify(tokens: dict[str, Path], orders: Path, indices: dict[str, Any]) -> None:
    for corpus, index in indices.items():
        for path, kind in zip(pair_paths(tokens[corpus]), ("bin", "idx"), strict=True):
            verify_file(path, index["token_files"][kind])
        for kind in MAPS:
            verify_file(orders / corpus / f"{kind}_idx.npy", index["files"][kind])


def _targets(description: Description, tokens: dict[str, Path], orders: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of every link and what it leads to."""
    for place, (corpus, asked) in enumerate(_asked(description)):
        bin_path, idx_path = pair_paths(tokens[corpus])
        yield f"{corpus}.bin", bin_path
        yield f"{corpus}.idx", idx_path
        for kind in MAPS:
            yield (
                map_name(corpus, f"train_{place}", asked, description, kind),
                orders / corpus / f"{kind}_idx.npy",
            )


def _names(description: Description) -> Iterator[str]:
    """Yield the name of every file that GPT-NeoX will look for."""
    nowhere = Path()
    for name, _ in _targets(description, dict.fromkeys(description["corpora"], nowhere / "x"), nowhere):
        yield name
    yield f"{NOT_READ}.bin"
    yield f"{NOT_READ}.idx"
    for subset in ("valid_0", "test_0"):
        yield from (map_name(NOT_READ, subset, 0, description, kind) for kind in MAPS)


def _asked(description: Description) -> list[tuple[str, int]]:
    corpora = description["corpora"]
    weights = [description["weights"][corpus] for corpus in corpora]
    return list(zip(corpora, neox_samples_asked(weights, description["samples"]), strict=True))


def _write_not_read(folder: Path, description: Description) -> None:
    """Write one document of zeros, long enough for a batch on any number of ranks, and the maps GPT-NeoX would make."""
    length = description["sequence_length"]
    sizes = np.array([(description["batch_size"] + 1) * length + 1], np.int32)
    with (folder / f"{NOT_READ}.bin").open("wb") as stream:
        stream.truncate(2 * int(sizes[0]))  # a hole: it takes no room
    write_index(folder / f"{NOT_READ}.idx", np.uint16, [sizes])
    order = build_order(sizes, length, 1, description["seed"])
    maps = {"doc": order.doc_index, "sample": order.sample_index, "shuffle": order.shuffle_index}
    for subset in ("valid_0", "test_0"):
        for kind, values in maps.items():
            write_npy(folder / map_name(NOT_READ, subset, 0, description, kind), values)
