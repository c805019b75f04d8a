"""Before any job: results kept apart, files of the user's own there, optional sets left out where npm is missing."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tenbin.planning import load_study
from tenbin.study.reading import load_yaml

TEXT = {"language": "en", "source": "x", "licence": "x"}


@pytest.fixture
def config(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    return copy.deepcopy(load_yaml(repository / "config.yaml"))


def refuse(config: dict[str, Any], capsys: pytest.CaptureFixture[str], *overlays: str) -> str:
    with pytest.raises(SystemExit) as caught:
        load_study(config, list(overlays), list(overlays))
    assert caught.value.code == 1
    return capsys.readouterr().err


def test_an_overlay_needs_results_of_its_own(config: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("seeds: []")
    assert "mine.yaml: pathvars.results is not set" in refuse(config, capsys, "mine.yaml")
    assert load_study(config | {"pathvars": {"results": "results/mine"}}, ["mine.yaml"], ["mine.yaml"])


def test_existing_tokens_must_exist(config: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    config["corpora"]["mine"] = {"kind": "tokens", "tokenizer": "bpe4096", "train": "a/train"} | TEXT
    config["mixes"]["en"] = {"corpora": {"mine": 1.0}}
    assert "corpora.mine.train: no file 'a/train.bin'" in refuse(config, capsys)
    del config["mixes"]["en"]["corpora"]["mine"]
    config["mixes"]["en"]["corpora"]["en"] = 1.0
    assert load_study(config, [], []), "a corpus that nothing uses may be absent"


def test_a_given_tokenizer_must_exist(config: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    config["tokenizers"]["mine"] = {"kind": "given", "file": "t.json", "sha256": "0" * 64}
    config["study"]["tokenizer"] = "mine"
    assert "tokenizers.mine.file: no file 't.json'" in refuse(config, capsys)


def test_without_npm_optional_sets_are_left_out(
    config: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    study = load_study(config, [], [])
    assert study.study.valids == ("en", "ja")
    assert "left out: electronen, electronja" in capsys.readouterr().err


def test_without_npm_an_archive_on_disk_serves(
    config: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    archive = Path("results/packages/electroni18n")
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert len(load_study(config, [], []).study.valids) == 4
    assert capsys.readouterr().err == ""
