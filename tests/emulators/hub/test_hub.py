"""The stage's command downloads with the hub's real client from a server that speaks the hub's protocol."""

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from emulators.hub.conftest import assert_refused
from emulators.hub.server import COMMIT, REPOSITORY_ID, Fault

from tenbin.files import read_json, sha256_file, verify_file

CONTENT = b"".join(b'{"text": "%d"}\n' % number for number in range(20_000))
FILE = "train/00.jsonl"
PACK = {"gz": gzip.compress, "zst": zstandard.compress}


def test_a_file_arrives_whole_with_a_record_that_verifies_it(hub, fetch):
    hub.files[FILE] = CONTENT
    finished = fetch(FILE)
    assert finished.returncode == 0, finished.stderr
    record = read_json(fetch.record)
    assert fetch.out.read_bytes() == CONTENT
    assert record["file"] == FILE
    assert record["files"]["source"]["file"] == "shard"
    verify_file(fetch.out, record["files"]["source"])
    assert "\r" not in finished.stderr
    assert fetch.kept() == ["shard", "shard.json"]


def test_the_record_says_where_the_file_came_from(hub, fetch):
    hub.files[FILE] = CONTENT
    assert fetch(FILE).returncode == 0
    record = read_json(fetch.record)
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT, usedforsecurity=False).hexdigest()
    origin = {"repository": REPOSITORY_ID, "revision": COMMIT, "file": FILE, "etag": blob}
    assert {key: record[key] for key in origin} == origin
    assert sorted(record) == ["etag", "file", "files", "recipe", "repository", "revision"]


def test_a_large_file_comes_from_storage_and_matches_the_sha256_of_its_link(hub, fetch):
    hub.files[FILE], hub.large_files = CONTENT, {FILE}
    finished = fetch(FILE)
    assert finished.returncode == 0, finished.stderr
    assert read_json(fetch.record)["etag"] == sha256_file(fetch.out)
    assert [seen.path for seen in hub.bodies()] == [f"/storage/{FILE}"]


def test_the_token_goes_to_the_hub_and_not_to_its_storage(hub, fetch):
    hub.files[FILE], hub.large_files = CONTENT, {FILE}
    access = {"HF_TOKEN": "hf_invented"}
    finished = fetch(FILE, **access)
    assert finished.returncode == 0, finished.stderr
    sent = {(seen.path.split("/")[1], seen.authorization) for seen in hub.requests if FILE in seen.path}
    assert sent == {("datasets", "Bearer hf_invented"), ("storage", "")}


@pytest.mark.parametrize("large_files", [{FILE}, set()])
def test_a_file_that_is_not_what_the_hub_states_is_refused(hub, fetch, large_files):
    hub.files[FILE], hub.large_files, hub.wrong_etag = CONTENT, large_files, True
    assert_refused(fetch(FILE), "but the hub states")
    assert fetch.kept() == []


def test_a_file_without_a_byte_arrives(hub, fetch):
    hub.files[FILE] = b""
    finished = fetch(FILE)
    assert finished.returncode == 0, finished.stderr
    assert fetch.out.read_bytes() == b""
    assert fetch.kept() == ["shard", "shard.json"]


def test_an_absent_file_is_named(hub, fetch):
    hub.files[FILE] = CONTENT
    assert_refused(fetch("train/99.jsonl"), "tenbin/sentences has no file train/99.jsonl")
    assert fetch.kept() == []


def test_an_absent_commit_is_named(hub, fetch):
    hub.files[FILE] = CONTENT
    assert_refused(fetch(FILE, revision="f" * 40), f"has no commit {'f' * 40}")


def test_a_commit_of_another_name_is_refused(hub, fetch):
    hub.files[FILE] = CONTENT
    hub.metadata_faults = [Fault(200, {"ETag": '"0"', "X-Repo-Commit": "f" * 40})]
    assert_refused(fetch(FILE), f"is of commit {'f' * 40} on the hub")


def test_a_server_that_is_no_hub_is_named(hub, fetch):
    hub.files[FILE], hub.metadata_faults = CONTENT, [Fault(200)]
    assert_refused(fetch(FILE), "is not answered as by a hub (no ETag or no commit); correct HF_ENDPOINT")


def test_an_absent_repository_is_named(fetch):
    assert_refused(fetch(FILE, name="tenbin/nothing"), "the hub has no dataset tenbin/nothing")


def test_a_gated_dataset_says_how_to_get_in(hub, fetch):
    hub.files[FILE], hub.gated = CONTENT, True
    assert_refused(fetch(FILE), "ask for access")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_by_the_hub_is_not_asked_twice(hub, fetch, status):
    hub.files[FILE] = CONTENT
    hub.file_faults = [Fault(status, {"X-Error-Message": "Invalid credentials in Authorization header"})]
    assert_refused(fetch(FILE), f"with status {status}; check your access")
    assert len(hub.bodies()) == 1


def test_an_address_that_is_none_is_named(fetch):
    assert_refused(fetch(FILE, HF_ENDPOINT="hub.invalid"), "correct HF_ENDPOINT")


def test_an_offline_client_says_so(fetch):
    assert_refused(fetch(FILE, HF_HUB_OFFLINE="1"), "HF_HUB_OFFLINE is set; unset it")


def test_an_unreachable_hub_is_reported_after_some_attempts(hub, fetch):
    hub.port = 9  # the discard port, which nobody serves
    finished = fetch(FILE, "--attempts", "2")
    assert_refused(finished, "could not be fetched in 2 attempts: the hub cannot be reached")
    assert finished.stderr.count("trying again in") == 1
    assert fetch.kept() == []


@pytest.mark.parametrize("ending", PACK)
def test_documents_of_a_fetched_file_are_extracted_against_its_record(hub, fetch, repository, tmp_path, ending):
    file = f"train/00.jsonl.{ending}"
    hub.files[file] = PACK[ending](CONTENT)
    assert fetch(file).returncode == 0
    documents = tmp_path / "00000.jsonl.zst"
    extract(repository, fetch.out, file, documents)
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
