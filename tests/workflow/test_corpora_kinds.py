"""Every kind of corpus, and a third language, is an edit of the config."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulators.hub.server import COMMIT, REPOSITORY_ID, serve_hub
from harness import Workflow

pytestmark = pytest.mark.slow

TEXT = {"source": "Invented sentences of this repository", "licence": "Apache-2.0"}


def test_a_third_language_is_a_config_edit(workflow: Workflow) -> None:
    workflow.edit(add_german)
    workflow.run()
    rows = workflow.losses().decode().splitlines()
    assert sum(row.startswith("three,") for row in rows) == 3, "the mix of three, scored on three languages"
    assert {row.split(",")[5] for row in rows[1:]} == {"en", "ja", "de"}
    assert workflow.json("mixes/three.json")["corpora"]["tinyde"]["language"] == "de"
    assert "German" in (workflow.results / "summary.html").read_text(encoding="utf-8")


def add_german(config: dict[str, Any]) -> None:
    config["corpora"]["tinyde"] = config["corpora"]["tinyen"] | {"language": "de", "train": ["text/de.jsonl"]}
    config["tokenizers"]["bpe512"]["corpora"].append("tinyde")
    config["valids"]["tinyde"] = {"language": "de", "corpus": "tinyde", "in_domain": True}
    config["mixes"]["three"] = {"corpora": {"tinyen": 0.25, "tinyja": 0.25, "tinyde": 0.5}}
    config["mixes"]["monode"] = {"corpora": {"tinyde": 1.0}}
    config["study"]["valids"].append("tinyde")
    config["study"]["blocks"] = [{"mixes": ["three", "monode"], "sizes": ["e3"], "schedule": "it12"}]


def test_a_hub_corpus_is_downloaded_one_job_a_file_and_read(workflow: Workflow) -> None:
    workflow.edit(read_from_hub)
    lines = (workflow.folder / "text" / "en.jsonl").read_bytes().splitlines(keepends=True)
    with serve_hub() as hub:
        hub.files = {"train-0.jsonl": b"".join(lines[:200]), "train-1.jsonl": b"".join(lines[200:380])}
        hub.files["valid.jsonl"] = b"".join(lines[380:])
        planned = workflow.plan("data")
        assert planned["fetch_hub_file"] == 3
        place = {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(workflow.folder / "home"),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        done = workflow.call("data", env=place)
    assert done.returncode == 0, done.stdout[-3000:]
    assert workflow.json("tokens/bpe512/huben/train.json")["documents"] == 380
    assert workflow.json("tokens/bpe512/huben/valid.json")["documents"] == 20
    assert not list((workflow.results / "sources" / "huben").rglob("0000?")), "raw files are temporary"


def test_a_window_bounds_the_raw_files_on_the_disk(workflow: Workflow) -> None:
    lines = (workflow.folder / "text" / "en.jsonl").read_bytes().splitlines(keepends=True)
    workflow.edit(read_from_hub)
    workflow.edit(lambda config: config["corpora"]["huben"].update(train=["train-{0..7}.jsonl"]))
    workflow.edit(lambda config: config.update(execution={"download_window": 2, "discard_documents": True}))
    workflow.edit(lambda config: config["tokenizers"]["bpe512"].update(corpora=["tinyen", "tinyja"]))
    with serve_hub() as hub:
        hub.files = {f"train-{n}.jsonl": b"".join(lines[40 * n : 40 * n + 40]) for n in range(8)}
        hub.files["valid.jsonl"] = b"".join(lines[380:])
        place = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(workflow.folder / "home"), "NO_PROXY": "127.0.0.1"}
        seen = watch(workflow.results / "sources" / "huben" / "train", lambda: workflow.call("data", env=place))
    assert 1 <= seen <= 2, f"{seen} raw files lay on the disk at once"
    assert workflow.json("tokens/bpe512/huben/train.json")["documents"] == 320
    assert not list((workflow.results / "corpora" / "huben").rglob("*.jsonl.zst")), "text is discarded once tokenized"
    assert workflow.plan("data") == {}


def watch(folder: Path, body: Callable[[], subprocess.CompletedProcess[str]]) -> int:
    """Run `body` and return the most raw files that lay in the folder at once."""
    most, ended = 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(0.01):
            most = max(most, len(list(folder.glob("?????"))))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        done = body()
    finally:
        ended.set()
        watcher.join()
    assert done.returncode == 0, done.stdout[-3000:]
    return most


def read_from_hub(config: dict[str, Any]) -> None:
    corpus = {"kind": "hub", "language": "en", "repository": REPOSITORY_ID, "revision": COMMIT}
    config["corpora"]["huben"] = corpus | TEXT | {"train": ["train-{0..1}.jsonl"], "valid": ["valid.jsonl"]}
    config["tokenizers"]["bpe512"]["corpora"] = ["huben", "tinyja"]
    config["valids"]["huben"] = {"language": "en", "corpus": "huben", "in_domain": True}
    config["mixes"]["monoen"] = {"corpora": {"huben": 1.0}}
    config["mixes"]["both"] = {"corpora": {"huben": 0.5, "tinyja": 0.5}}
    config["study"]["valids"] = ["huben", "tinyja"]


def test_existing_tokens_give_the_same_losses_as_the_text_they_came_from(finished: Workflow) -> None:
    before = {row.split(",", 1)[1] for row in finished.losses().decode().splitlines() if row.startswith("monoen,")}
    tokens = finished.results / "tokens" / "bpe512" / "tinyen"
    shutil.copytree(tokens, finished.folder / "mine")
    finished.edit(link_tokens)
    finished.run()
    linked = [row for row in finished.losses().decode().splitlines() if row.startswith("linked,")]
    assert len(linked) == len(before) == 4
    for row in linked:
        size, valid, loss = (row.split(",")[column] for column in (1, 4, 19))
        assert any(size in other and valid in other and loss in other for other in before), row
    assert (finished.results / "tokens" / "bpe512" / "existing" / "train.bin").is_symlink()


def link_tokens(config: dict[str, Any]) -> None:
    config["corpora"]["existing"] = {"kind": "tokens", "language": "en", "tokenizer": "bpe512", "train": "mine/train"}
    config["corpora"]["existing"] |= TEXT
    config["mixes"]["linked"] = {"corpora": {"existing": 1.0}}
    config["study"]["blocks"].append({"mixes": ["linked"], "sizes": ["e3", "e4"], "schedule": "it12"})


def test_without_npm_the_optional_sets_are_left_out_with_a_notice(workflow: Workflow) -> None:
    path = str(workflow.folder / "bin")
    (workflow.folder / "bin").mkdir()
    for program in ("bash", "python", "git"):
        (workflow.folder / "bin" / program).symlink_to(shutil.which(program) or sys.executable)
    workflow.overlay.write_text("pathvars: {results: results/tiny}\n", encoding="utf-8")
    done = workflow.call("--dry-run", "--quiet", "rules", env={"PATH": path})
    assert done.returncode == 0, done.stdout[-3000:]
    assert "npm is not installed: validation sets left out: electronen, electronja" in done.stdout
    assert "plot_loss_versus_size_out_of_domain" not in done.stdout
