"""GPT-NeoX finds our tokens and maps under the names that it gives them itself."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.neox.links import link_neox_data, neox_samples_asked, read_links
from tenbin.tokens.mmap import open_pair, pair_paths

RECORDED = re.compile(r"(en|ja)_(train|valid)_text_document_(train_.*)")


@pytest.mark.golden
@pytest.mark.parametrize("name", ["A1", "A2", "A3", "A4", "A5"])
def test_names_and_maps_are_those_that_neox_made(golden: Path, make_run: Any, name: str) -> None:
    data = make_run(name).data
    recorded = [path for path in (golden / "runs" / name / "index_maps").iterdir() if "_train_" in path.name[8:]]
    maps = {path.name: path for path in data.glob("*_train_*.npy")}
    renamed = {f"{match[1]}_{match[3]}": path for path in recorded if (match := RECORDED.fullmatch(path.name))}
    assert len(maps) == 3 * (1 if name == "A2" else 2)
    assert maps.keys() == renamed.keys()
    for key, path in renamed.items():
        assert maps[key].read_bytes() == path.read_bytes()


def test_links_are_relative_and_lead_to_our_files(tiny_run: Any) -> None:
    links = {path.name: path for path in tiny_run.data.iterdir() if path.is_symlink()}
    assert len(links) == 2 * (2 + 3)
    assert not any(path.readlink().is_absolute() for path in links.values())
    assert links["ja.bin"].resolve() == pair_paths(tiny_run.tokens["ja"])[0].resolve()
    (shuffle,) = (path for name, path in links.items() if name.startswith("en_train_0") and "shuffle" in name)
    assert shuffle.resolve() == (tiny_run.folder / "orders" / "en" / "shuffle_idx.npy").resolve()


def test_the_corpus_that_is_not_read_is_a_whole_pair_with_maps_for_any_number_of_ranks(tiny_run: Any) -> None:
    pair = open_pair(*pair_paths(tiny_run.data / "not_read"))
    batch, length = tiny_run.spec.schedule.batch_size, tiny_run.spec.schedule.sequence_length
    assert pair.index.count_tokens() == (batch + 1) * length + 1
    assert not pair.tokens.any()
    for subset in ("valid_0", "test_0"):
        shuffle = np.load(
            tiny_run.data / f"not_read_{subset}_indexmap_0ns_{length}sl_1234s_packedpi_ac_shuffle_idx.npy"
        )
        assert len(shuffle) - 1 >= batch, "GPT-NeoX counts one less, and divides by the batches that this makes"


def test_the_record_is_a_copy_of_the_description(tiny_run: Any) -> None:
    description = read_json(tiny_run.data / "links.json")
    assert description == read_json(tiny_run.folder / "neox" / "data.json")
    assert (description["samples"], description["batch_size"], description["seed"]) == (4000, 4, 1234)


def test_a_run_finds_its_links(tiny_run: Any) -> None:
    data = read_links(tiny_run.data, tiny_run.spec)
    assert data.weights == {"en": 0.5, "ja": 0.5}
    assert data.prefixes == [str(tiny_run.data / "en"), str(tiny_run.data / "ja")]
    assert data.samples == 4000


def test_links_of_another_order_are_refused(tiny_run: Any) -> None:
    other = tiny_run.spec.model_copy(update={"blend_sha256": "f" * 64})
    with pytest.raises(UserError, match="links another order than the spec names"):
        read_links(tiny_run.data, other)
    schedule = tiny_run.spec.schedule.model_copy(update={"batch_size": 8})
    with pytest.raises(UserError, match="made for batches of 4"):
        read_links(tiny_run.data, tiny_run.spec.model_copy(update={"schedule": schedule}))
    with pytest.raises(UserError, match="no folder of linked data is given"):
        read_links(None, tiny_run.spec)


def test_a_link_that_leads_nowhere_is_named(tiny_run: Any) -> None:
    (tiny_run.folder / "orders" / "ja" / "doc_idx.npy").unlink()
    with pytest.raises(UserError, match=r"ja_train_1_indexmap_.*_doc_idx.npy is missing or leads nowhere"):
        read_links(tiny_run.data, tiny_run.spec)


def relink(run: Any) -> None:
    link_neox_data(run.tokens, run.folder / "orders", 4, run.folder / "again", run.folder / "again.json")


def test_damaged_tokens_or_maps_leave_nothing(tiny_run: Any) -> None:
    shuffle = tiny_run.folder / "orders" / "en" / "shuffle_idx.npy"
    shuffle.write_bytes(shuffle.read_bytes()[:-4] + b"abcd")
    with pytest.raises(UserError, match=r"shuffle_idx.npy is damaged"):
        relink(tiny_run)
    assert not list(tiny_run.folder.glob("again*"))


def test_missing_corpora_are_named(tiny_run: Any) -> None:
    del tiny_run.tokens["ja"]
    with pytest.raises(UserError, match=r"blends \['en', 'ja'\], but tokens are given for \['en'\]"):
        relink(tiny_run)


def test_an_order_that_neox_would_start_over_is_refused(tiny_run: Any) -> None:
    for corpus in ("en", "ja"):
        index = tiny_run.folder / "orders" / corpus / "index.json"
        write_json(index, read_json(index) | {"samples_held": 2000})
    with pytest.raises(UserError, match="finds 3998 samples in these maps and the run reads 4000: it would start over"):
        relink(tiny_run)


def test_orders_for_another_number_of_epochs_are_refused(tiny_run: Any) -> None:
    index = tiny_run.folder / "orders" / "en" / "index.json"
    write_json(index, read_json(index) | {"epochs": 2})
    with pytest.raises(UserError, match="another number of epochs than 2"):
        relink(tiny_run)


def test_neox_normalises_weights_before_it_asks() -> None:
    assert neox_samples_asked([3.0, 2.0], 480) == [290, 193]


def test_the_program_links(tiny_run: Any, repository: Path) -> None:
    tokens = [f"--tokens={name}={prefix}" for name, prefix in tiny_run.tokens.items()]
    places = [
        "--orders",
        tiny_run.folder / "orders",
        "--folder",
        tiny_run.folder / "out",
        "--record",
        tiny_run.folder / "out.json",
    ]
    program = repository / "scripts" / "link_neox_data.py"
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}
    command = [sys.executable, str(program), *tokens, *map(str, places), "--batch-size", "4"]
    subprocess.run(command, env=environment, check=True)
    assert {path.name for path in (tiny_run.folder / "out").iterdir()} == {p.name for p in tiny_run.data.iterdir()}
