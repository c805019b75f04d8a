"""The command-line programs from documents to a run's samples, as the workflow calls them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from tenbin.files import read_json, record_file, verify_file, write_json

TEXTS = {
    "en": [f"The cat number {number} sat on the mat and looked at dog number {number * 7}." for number in range(60)],
    "ja": [f"{number}番目の猫はマットの上に座り、{number * 7}番目の犬を見ていた。" for number in range(60)],
}


@pytest.fixture
def run(repository: Path, tmp_path: Path):
    """Return a function that runs one program in an empty folder."""

    def run(program: str, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, repository / "scripts" / f"{program}.py", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(repository / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return done

    return run


def write_documents(folder: Path) -> None:
    folder.mkdir()
    for language, texts in TEXTS.items():
        lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts).encode()
        shard = folder / f"{language}.jsonl.zst"
        shard.write_bytes(zstandard.ZstdCompressor().compress(lines))
        size = sum(len(text.encode()) for text in texts)
        write_json(folder / f"{language}.json", {"text_bytes": size, "files": {"documents": record_file(shard)}})


def test_the_chain_of_programs_ends_in_the_samples_of_a_step(run, tmp_path: Path) -> None:
    write_documents(tmp_path / "documents")
    trained = {"kind": "trained", "corpora": ["en", "ja"], "vocabulary": 280, "bytes_per_language": 2000}
    shards = [argument for name in TEXTS for argument in ("--documents", f"{name}=documents/{name}.jsonl.zst")]
    tokenizer = ["--tokenizer", "trained/tokenizer.json"]
    run("train_tokenizer", "--settings", json.dumps(trained), *shards, *tokenizer, "--record", "trained/t.json")
    content = (tmp_path / "trained" / "tokenizer.json").read_bytes()
    given = {"kind": "given", "sha256": hashlib.sha256(content).hexdigest(), "file": "trained/tokenizer.json"}
    tokenizer = ["--tokenizer", "given/tokenizer.json"]
    copied = ["--settings", json.dumps(given), "--source", "trained/tokenizer.json"]
    run("copy_tokenizer", *copied, *tokenizer, "--record", "given/t.json")
    tokenizer += ["--tokenizer-record", "given/t.json"]
    for name in TEXTS:
        run("tokenize_shard", "--documents", f"documents/{name}.jsonl.zst", *tokenizer, *outputs(f"shards/{name}"))
        run("join_shards", "--shards", f"shards/{name}", *outputs(f"tokens/{name}"), "--free-shards")
        entry = {"kind": "tokens", "language": name, "source": "invented", "licence": "none", "tokenizer": "given"}
        linked = ["--corpus", json.dumps(entry), "--prefix", f"tokens/{name}"]
        run("link_tokens", *linked, *tokenizer, *outputs(f"linked/{name}"))
        assert same_text(tmp_path, name)
    mix = json.dumps({"corpora": {"en": 0.5, "ja": 0.5}})
    named = [argument for name in TEXTS for argument in ("--language", f"{name}={name}")]
    named += [argument for name in TEXTS for argument in ("--tokens", f"{name}=tokens/{name}.json")]
    run("write_mix", "--mix", mix, *named, "--out", "mixes/enja.json")
    order_and_blend(run)
    prefixes = [argument for name in TEXTS for argument in ("--tokens", f"{name}=tokens/{name}")]
    shown = ["--orders", "orders", *prefixes, "--sequence-length", "16", "--batch-size", "4"]
    table = run("show_samples", *shown, "--step", "3", "--text", "--tokenizer", "given/tokenizer.json").stdout
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    assert sum(int(row[7]) for row in rows) == 4 * 17
    assert {row[2] for row in rows} == {"en", "ja"}
    texts = "".join(json.loads(row[8]) for row in rows if row[2] == "ja")
    assert set(texts) & set("".join(TEXTS["ja"])) - set("0123456789")
    refused = run("show_samples", *shown, "--step", "99", expect=1)
    assert refused.stderr == "tenbin: error: step 99: the order holds steps 1 to 10\n"
    assert not list(tmp_path.rglob("*.partial"))


def outputs(prefix: str) -> list[str]:
    return ["--bin", f"{prefix}.bin", "--idx", f"{prefix}.idx", "--record", f"{prefix}.json"]


def same_text(folder: Path, name: str) -> bool:
    """Compare what tokenizing and linking count, the text being its own normal form."""
    joined, linked = (read_json(folder / place / f"{name}.json") for place in ("tokens", "linked"))
    verify_file(folder / "tokens" / f"{name}.bin", joined["files"]["bin"])
    keys = ("tokens", "documents", "text_bytes", "characters")
    assert joined["text_bytes"] == sum(len(text.encode()) for text in TEXTS[name])
    return [joined[key] for key in keys] == [linked[key] for key in keys]


def order_and_blend(run) -> None:
    settings = {"samples": 40, "sequence_length": 16, "seed": 1}
    for name in TEXTS:
        maps = [f"--{kind}-index=orders/{name}/{kind}_idx.npy" for kind in ("doc", "sample", "shuffle")]
        tokens = ["--tokens-record", f"tokens/{name}.json", "--idx", f"tokens/{name}.idx"]
        chosen = json.dumps({**settings, "weight": 0.5})
        run("order_corpus", "--settings", chosen, *tokens, *maps, "--record", f"orders/{name}/index.json")
    orders = [argument for name in TEXTS for argument in ("--order", f"{name}=orders/{name}/index.json")]
    blend = ["--blend", "orders/blend.npy", "--record", "orders/blend.json"]
    run("blend_corpora", "--settings", json.dumps({"samples": 40, "weights": {"en": 0.5, "ja": 0.5}}), *orders, *blend)


def test_a_corpus_shorter_than_a_sample_ends_in_one_line(run, tmp_path: Path) -> None:
    write_documents(tmp_path / "documents")
    trained = {"kind": "trained", "corpora": ["en"], "vocabulary": 260, "bytes_per_language": 2000}
    tokenizer = ["--tokenizer", "tokenizer.json"]
    shard = ["--documents", "en=documents/en.jsonl.zst"]
    run("train_tokenizer", "--settings", json.dumps(trained), *shard, *tokenizer, "--record", "t.json")
    run(
        "tokenize_shard",
        "--documents",
        "documents/en.jsonl.zst",
        *tokenizer,
        "--tokenizer-record",
        "t.json",
        *outputs("en"),
    )
    settings = json.dumps({"samples": 1, "weight": 1.0, "sequence_length": 1_000_000, "seed": 0})
    maps = [f"--{kind}-index=orders/{kind}.npy" for kind in ("doc", "sample", "shuffle")]
    tokens = ["--tokens-record", "en.json", "--idx", "en.idx"]
    refused = run("order_corpus", "--settings", settings, *tokens, *maps, "--record", "orders/index.json", expect=1)
    assert refused.stderr.startswith("tenbin: error: en has ")
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "orders").exists()
