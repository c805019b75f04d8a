import gzip
import hashlib
import io
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tenbin.corpora.extraction import TEXT_CORPUS, extract_documents
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, verify_file, write_json

ABOUT = {"language": "en", "source": "invented", "licence": "none"}
TEXTS = [f"document {number}" for number in range(500)]
LINES = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
# Moves only together with CORPORA in recipes.py: the documents held out, joined by line ends.
GOLDEN_VALID_SHA256 = "e09f6df921a0b84e7e7eb98245bb05b19cec4a8c3be21950c89237806b9e3d25"


def files_corpus(**changes):
    return {"kind": "files", "train": ["*"]} | ABOUT | changes


@pytest.fixture
def extract(tmp_path):
    def run(corpus, source, split="train", name=None, source_record=None):
        documents, record = tmp_path / split / "00000.jsonl.zst", tmp_path / split / "00000.json"
        extract_documents(
            corpus=TEXT_CORPUS.validate_python(corpus),
            split=split,
            source=source,
            source_name=name or source.name,
            source_record=source_record,
            documents=documents,
            record=record,
        )
        content = zstandard.ZstdDecompressor().decompressobj().decompress(documents.read_bytes())
        return [json.loads(line)["text"] for line in content.split(b"\n")[:-1]], read_json(record)

    return run


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.json", LINES),
        ("a.json.gz", gzip.compress(LINES)),
        ("a.jsonl.zst", zstandard.compress(LINES)),
    ],
)
def test_every_compression_gives_the_same_documents(extract, tmp_path, name, content):
    texts, record = extract(files_corpus(), write(tmp_path, name, content))
    assert texts == TEXTS
    assert record["source_sha256"] == hashlib.sha256(content).hexdigest()


def test_parquet_in_an_archive_is_read_too(extract, tmp_path):
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a.parquet")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "a.parquet", "p/a.parquet")
    corpus = {"kind": "package", "package": "p", "member": "p/a.parquet", "valid_share": 0.5} | ABOUT
    train, _ = extract(corpus, tmp_path / "a.tgz")
    valid, _ = extract(corpus, tmp_path / "a.tgz", "valid")
    assert sorted(train + valid) == sorted(TEXTS)


def test_the_splits_divide_the_documents_by_hash(extract, tmp_path):
    source = write(tmp_path, "a.jsonl", LINES)
    train, _ = extract(files_corpus(valid_share=0.1), source)
    valid, record = extract(files_corpus(valid_share=0.1), source, "valid")
    assert sorted(train + valid) == sorted(TEXTS)
    assert record["documents"] == len(valid) > 20
    assert hashlib.sha256("\n".join(valid).encode()).hexdigest() == GOLDEN_VALID_SHA256


def test_without_a_share_every_split_has_all_documents_of_its_files(extract, tmp_path):
    assert extract(files_corpus(), write(tmp_path, "a.jsonl", LINES), "valid")[0] == TEXTS


def test_the_record_tells_origin_and_counts_and_verifies_the_shard(extract, tmp_path):
    content = '{"text": "天秤"}\n{"text": "天秤"}\n{\n'.encode()
    _, record = extract(files_corpus(language="ja", max_unreadable_share=0.5), write(tmp_path, "a.jsonl", content))
    described = record.pop("files")["documents"]
    verify_file(tmp_path / "train" / "00000.jsonl.zst", described)
    assert record == {
        "recipe": 1,
        "language": "ja",
        "source": "invented",
        "licence": "none",
        "split": "train",
        "source_file": "a.jsonl",
        "source_sha256": hashlib.sha256(content).hexdigest(),
        "documents": 2,
        "text_bytes": 12,
        "characters": 4,
        "duplicates": 1,
        "unreadable": {"malformed JSON": 1},
    }


def test_a_source_is_checked_against_its_record(extract, tmp_path):
    source, record = write(tmp_path, "a.jsonl", LINES), tmp_path / "a.json"
    write_json(record, {"files": {"source": record_file(source)}})
    assert extract(files_corpus(), source, source_record=record)[0] == TEXTS
    source.write_bytes(LINES.replace(b"499", b"498"))
    with pytest.raises(UserError, match="sha256 is not the recorded one"):
        extract(files_corpus(), source, source_record=record)


def test_a_fetched_file_is_read_by_its_original_name(extract, tmp_path):
    source = write(tmp_path, "00000.source", gzip.compress(LINES))
    assert extract(files_corpus(), source, name="train/a.json.gz")[0] == TEXTS


REFUSED = [
    ("a.jsonl", b"", {}, r"a\.jsonl holds no document"),
    ("a.jsonl", b"{\n", {}, r"a\.jsonl: 1 of 1 records .* line 1: malformed JSON"),
    ("a.jsonl", LINES + b"{}\n", {}, r"1 of 501 records .* line 501: no text"),
    ("a.jsonl.gz", gzip.compress(LINES)[:-9], {}, r"a\.jsonl\.gz is truncated or damaged"),
    ("a.jsonl.zst", zstandard.compress(LINES)[:-9], {}, r"a\.jsonl\.zst is truncated or damaged"),
    ("a.txt", b"", {"format": {"kind": "text"}}, r"a\.txt holds no document"),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refused_source_leaves_nothing_behind(extract, tmp_path, refused):
    name, content, changes, message = refused
    with pytest.raises(UserError, match=message):
        extract(files_corpus(**changes), write(tmp_path, name, content))
    assert list((tmp_path / "train").iterdir()) == []


def test_a_split_without_documents_is_an_empty_shard(extract, tmp_path):
    source = write(tmp_path, "a.jsonl", b'{"text": "a"}\n')
    sizes = [extract(files_corpus(valid_share=0.5), source, split)[1]["documents"] for split in ("train", "valid")]
    assert sorted(sizes) == [0, 1]


def test_an_absent_source_is_named(extract, tmp_path):
    with pytest.raises(UserError, match=r"nothing\.jsonl is missing"):
        extract(files_corpus(), tmp_path / "nothing.jsonl")


def test_languages_of_a_table_are_split_alike(extract, tmp_path):
    rows = "".join(f"{number}\t文{number}\tLine {number % 150}.\n" for number in range(300))
    content, buffer = rows.encode(), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("p/TABLE")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    source = write(tmp_path, "p.tar.gz", buffer.getvalue())
    form = {"kind": "translations", "translation_columns": [1, 2]}
    base = {"kind": "package", "package": "p", "member": "p/TABLE", "valid_share": 0.3} | ABOUT
    ja, _ = extract(base | {"format": form | {"text_column": 1}}, source, "valid")
    en, _ = extract(base | {"format": form | {"text_column": 2}}, source, "valid")
    assert {f"Line {int(text[1:]) % 150}." for text in ja} == set(en)
    assert 20 < len(en) < 80
