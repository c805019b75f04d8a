"""The command that joins parts: a mistake of its user ends in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE

from tenbin.files import record_file, write_json
from tenbin.tokens.tokenizer import write_record


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Write a tokenizer, a part and an .idx of nothing; return the command's arguments."""
    tokenizer = Tokenizer(BPE({"<|endoftext|>": 0, "a": 1}, []))
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    write_record(tmp_path / "t.json", tmp_path / "tokenizer.json", tokenizer, {"kind": "given"})
    for name in ("00000", "00001"):
        (tmp_path / name).write_bytes(b"\1\0\0\0")
        write_json(tmp_path / f"{name}.json", {"files": {"source": record_file(tmp_path / name)}})
    outputs = ["--bin", "out/train.bin", "--idx", "out/train.idx", "--record", "out/train.json"]
    tokenizer_files = ["--tokenizer", "tokenizer.json", "--tokenizer-record", "t.json"]
    return ["--free-parts", "--parts", "00000", "--parts-idx", "00001", *tokenizer_files, *outputs]


def test_an_index_that_is_none_ends_in_one_line(arguments: list[str], tmp_path: Path, repository: Path) -> None:
    program = [sys.executable, str(repository / "scripts" / "join_token_parts.py"), *arguments]
    done = subprocess.run(
        program,
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "tenbin: error: 00001 is no Megatron index (it does not start with MMIDIDX)\n"
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "00000").stat().st_size == 4
