"""The hub's real client downloads through the stage's command from a server that speaks its protocol."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from huggingface_hub.constants import DOWNLOAD_CHUNK_SIZE

from tenbin.errors import PREFIX
from tenbin.files import read_json, sha256_file, verify_file

CONTENT = b"".join(b'{"text": "%d"}\n' % number for number in range(20_000))
FILE = "train/00.jsonl"
PACK = {"gz": gzip.compress, "zst": zstandard.compress}


def test_a_file_arrives_whole_with_a_record_that_verifies_it(hub, fetch_file, tmp_path):
    hub.files[FILE] = CONTENT
    finished = fetch_file(FILE)
    assert finished.returncode == 0, finished.stderr
    record = read_json(tmp_path / "out" / "shard.json")
    assert (tmp_path / "out" / "shard").read_bytes() == CONTENT
    assert record["file"] == FILE
    assert record["files"]["source"]["file"] == "shard"
    verify_file(tmp_path / "out" / "shard", record["files"]["source"])
    assert "\r" not in finished.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["shard", "shard.json"]


def test_a_large_file_comes_from_storage_and_matches_the_sha256_of_its_link(hub, fetch_file, tmp_path):
    hub.files[FILE], hub.large_files = CONTENT, {FILE}
    finished = fetch_file(FILE)
    assert finished.returncode == 0, finished.stderr
    record = read_json(tmp_path / "out" / "shard.json")
    assert record["etag"] == sha256_file(tmp_path / "out" / "shard")
    assert ("GET", f"/storage/{FILE}", "") in hub.requests


def test_a_large_file_that_is_not_what_the_hub_states_is_refused(hub, fetch_file, tmp_path):
    hub.files[FILE], hub.large_files, hub.wrong_etag = CONTENT, {FILE}, True
    assert_refused(fetch_file(FILE), tmp_path, "but the hub states")


def test_a_broken_answer_is_resumed_after_the_last_whole_chunk(hub, fetch_file, tmp_path):
    content = CONTENT * (3 * DOWNLOAD_CHUNK_SIZE // len(CONTENT))
    hub.files[FILE], hub.cut_answers = content, 1
    finished = fetch_file(FILE)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "out" / "shard").read_bytes() == content
    ranges = [asked for method, _, asked in hub.requests if method == "GET" and asked]
    assert ranges == [f"bytes={DOWNLOAD_CHUNK_SIZE}-"]


def test_a_failing_server_is_asked_again_after_a_wait(hub, fetch_file, tmp_path):
    hub.files[FILE], hub.failing_bodies = CONTENT, 1
    finished = fetch_file(FILE)
    assert finished.returncode == 0, finished.stderr
    assert "trying again in 1 s" in finished.stderr
    assert (tmp_path / "out" / "shard").read_bytes() == CONTENT


def test_an_absent_file_is_named(hub, fetch_file, tmp_path):
    hub.files[FILE] = CONTENT
    assert_refused(fetch_file("train/99.jsonl"), tmp_path, "tenbin/sentences has no file train/99.jsonl")


def test_an_absent_commit_is_named(hub, fetch_file, tmp_path):
    hub.files[FILE] = CONTENT
    assert_refused(fetch_file(FILE, revision="f" * 40), tmp_path, f"has no commit {'f' * 40}")


def test_an_absent_repository_is_named(hub, fetch_file, tmp_path):
    assert_refused(fetch_file(FILE, name="tenbin/nothing"), tmp_path, "the hub has no dataset tenbin/nothing")


def test_a_gated_dataset_says_how_to_get_in(hub, fetch_file, tmp_path):
    hub.files[FILE], hub.gated = CONTENT, True
    assert_refused(fetch_file(FILE), tmp_path, "ask for access")


@pytest.mark.slow
def test_an_unreachable_hub_is_reported_after_the_clients_retries(hub, fetch_file, tmp_path):
    hub.port = 9  # the discard port, which nobody serves
    assert_refused(fetch_file(FILE), tmp_path, "the hub cannot be reached")


@pytest.mark.parametrize("ending", PACK)
def test_documents_of_a_fetched_file_are_extracted_against_its_record(hub, fetch_file, repository, tmp_path, ending):
    file = f"train/00.jsonl.{ending}"
    hub.files[file] = PACK[ending](CONTENT)
    assert fetch_file(file).returncode == 0
    documents = tmp_path / "00000.jsonl.zst"
    extract(repository, tmp_path / "out" / "shard", file, documents)
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(documents.read_bytes()).splitlines()
    assert [json.loads(line)["text"] for line in lines] == [str(number) for number in range(20_000)]


def extract(repository: Path, source: Path, name: str, documents: Path) -> None:
    corpus = {"kind": "hub", "repository": "tenbin/sentences", "revision": "0" * 40, "train": [name]}
    corpus |= {"language": "en", "source": "invented", "licence": "none"}
    arguments = ["--corpus", json.dumps(corpus), "--split", "train", "--source-name", name, "--source", str(source)]
    arguments += ["--source-record", f"{source}.json", "--documents", str(documents)]
    arguments += ["--record", str(documents.with_name("00000.json"))]
    script = repository / "scripts" / "extract_documents.py"
    environment = {"PYTHONPATH": str(repository / "src")}
    subprocess.run([sys.executable, str(script), *arguments], check=True, env=environment)


def assert_refused(finished: subprocess.CompletedProcess[str], tmp_path: Path, message: str) -> None:
    last_line = finished.stderr.splitlines()[-1]
    assert finished.returncode == 1, finished.stderr
    assert last_line.startswith(PREFIX)
    assert message in last_line
    assert "Traceback" not in finished.stderr
    assert list((tmp_path / "out").iterdir()) == []
