"""A tokenized corpus in parts on a hub, fetched and joined by the stage's commands into the pair GPT-NeoX made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emulators.hub.conftest import Fetch
from emulators.hub.server import Hub
from tokenizers import Tokenizer

from tenbin.files import read_json, verify_file
from tenbin.tokens.tokenizer import write_record

NAME = "pile_20B_tokenizer_text_document"
PARTS = [f"{NAME}-{number:05}-of-00002.bin" for number in range(3)]


@pytest.mark.golden
def test_parts_of_recorded_tokens_are_joined_into_the_recorded_pair(
    hub: Hub, repository: Path, shared_data: Path, tmp_path: Path
) -> None:
    prefix = shared_data / "neox_golden" / "tokens" / "bpe4096" / "en_train_text_document"
    tokens, idx = prefix.with_suffix(".bin").read_bytes(), prefix.with_suffix(".idx").read_bytes()
    contents = [tokens[:150_001], tokens[150_001:300_000], tokens[300_000:], idx]
    hub.files = dict(zip([*PARTS, f"{NAME}.idx"], contents, strict=True))
    hub.large_files = set(hub.files)
    places = [fetch_file(Fetch(hub, tmp_path, repository, f"{n:05}"), file) for n, file in enumerate(hub.files)]
    tokenizer, record = shared_data / "neox_golden" / "tokenizer.json", tmp_path / "tokenizer.json"
    write_record(record, tokenizer, Tokenizer.from_file(str(tokenizer)), {"kind": "given"})
    join(repository, places, ["--tokenizer", str(tokenizer), "--tokenizer-record", str(record)], tmp_path / "train")
    assert (tmp_path / "train.bin").read_bytes() == tokens
    assert (tmp_path / "train.idx").read_bytes() == idx
    joined = read_json(tmp_path / "train.json")
    verify_file(tmp_path / "train.bin", joined["files"]["bin"])
    assert (joined["tokens"], joined["documents"], joined["documents_without_end_of_text"]) == (204_422, 60, 0)
    assert [place.stat().st_size for place in places[:3]] == [0, 0, 0]


def fetch_file(fetch: Fetch, file: str) -> Path:
    finished = fetch(file)
    assert finished.returncode == 0, finished.stderr
    return fetch.out


def join(repository: Path, places: list[Path], tokenizer: list[str], out: Path) -> None:
    command = [sys.executable, str(repository / "scripts" / "join_token_parts.py"), "--free-parts", *tokenizer]
    command += ["--parts", *map(str, places[:-1]), "--parts-idx", str(places[-1])]
    command += ["--bin", f"{out}.bin", "--idx", f"{out}.idx", "--record", f"{out}.json"]
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
