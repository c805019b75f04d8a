"""A spec holds what decides a run and nothing else, and changes when any of it does."""

import json
from pathlib import Path

import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, write_json
from tenbin.specs import write_spec
from tenbin.study.model import Run
from tenbin.study.reading import load_yaml, read_study
from tenbin.study.settings import run_settings


@pytest.fixture
def settings(repository: Path) -> str:
    return run_settings(read_study(load_yaml(repository / "config.yaml"), []), Run("en", "e3", "it500", 0))


def write_inputs(folder: Path, **changed: str) -> dict[str, Path]:
    known = {"bin": "b", "idx": "i", "order": "o", "blend": "l", "init": "w", "tokenizer": "t"} | changed
    tokens = {"weight": 1.0, "language": "en", "bin_sha256": known["bin"], "idx_sha256": known["idx"]}
    write_json(folder / "mix.json", {"corpora": {"en": tokens}})
    write_json(folder / "index.json", {"order": known["order"]})
    write_json(folder / "blend.json", {"blend": known["blend"]})
    write_json(folder / "init.json", {"weights": {"sha256": known["init"]}})
    tokenizer = {"padded_vocabulary": 4096, "end_of_text_id": 0, "files": {"tokenizer": {"sha256": known["tokenizer"]}}}
    write_json(folder / "tokenizer.json", tokenizer)
    return {name: folder / f"{name}.json" for name in ("mix", "blend", "init", "tokenizer")}


def fingerprint(folder: Path, settings: str, **changed: str) -> str:
    inputs = write_inputs(folder, **changed)
    write_spec(settings, folder / "spec.json", orders={"en": folder / "index.json"}, **inputs)
    return seal_of(folder / "spec.json")


def test_equal_inputs_give_one_fingerprint(tmp_path: Path, settings: str) -> None:
    assert fingerprint(tmp_path, settings) == fingerprint(tmp_path, settings)


@pytest.mark.parametrize("what", ["bin", "idx", "order", "blend", "init", "tokenizer"])
def test_every_file_that_a_run_reads_is_in_its_fingerprint(what: str, tmp_path: Path, settings: str) -> None:
    assert fingerprint(tmp_path, settings) != fingerprint(tmp_path, settings, **{what: "other"})


def test_the_architecture_is_written_out(tmp_path: Path, settings: str) -> None:
    fingerprint(tmp_path, settings)
    architecture = read_json(tmp_path / "spec.json")["architecture"]
    assert architecture == {
        "hidden_size": 16,
        "num_layers": 1,
        "num_heads": 2,
        "rotary_width": 2,
        "vocabulary": 4096,
        "sequence_length": 256,
        "n_nonembedding": 3312,
        "n_total": 3312 + 2 * 4096 * 16,
    }


def test_threads_and_folders_are_no_part_of_a_spec(repository: Path) -> None:
    config = load_yaml(repository / "config.yaml")
    run = Run("en", "e3", "it500", 0)
    plain = run_settings(read_study(config, []), run)
    moved = config | {"execution": {"work": "elsewhere", "threads_per_run": 2}, "figures": {"dpi": 72}}
    assert run_settings(read_study(moved, []), run) == plain


def test_orders_of_other_corpora_are_refused(tmp_path: Path, settings: str) -> None:
    inputs = write_inputs(tmp_path)
    with pytest.raises(UserError, match="orders are given for"):
        write_spec(settings, tmp_path / "spec.json", orders={"ja": tmp_path / "index.json"}, **inputs)


def test_settings_are_json_that_names_the_run(settings: str) -> None:
    assert {key: json.loads(settings)[key] for key in ("mix", "size", "schedule_id", "seed")} == {
        "mix": "en",
        "size": "e3",
        "schedule_id": "it500",
        "seed": 0,
    }


def branch_settings(settings: str, **changes: object) -> str:
    content = json.loads(settings)
    branch = {"branch_of": "wsd", "branch_step": 200, "decay": "linear", "steps": 300} | changes
    return json.dumps(content | {"schedule_id": "wsd300", "schedule": content["schedule"] | branch})


@pytest.fixture
def trunk_settings(settings: str) -> str:
    content = json.loads(settings)
    return json.dumps(content | {"schedule_id": "wsd", "schedule": content["schedule"] | {"decay": "constant"}})


def test_a_branch_names_its_trunk_and_only_a_branch_does(tmp_path: Path, trunk_settings: str) -> None:
    inputs = write_inputs(tmp_path) | {"orders": {"en": tmp_path / "index.json"}}
    write_spec(trunk_settings, tmp_path / "trunk.json", **inputs)
    write_spec(branch_settings(trunk_settings), tmp_path / "spec.json", trunk=tmp_path / "trunk.json", **inputs)
    trunk = {"fingerprint": seal_of(tmp_path / "trunk.json"), "step": 200}
    assert read_json(tmp_path / "spec.json")["trunk"] == trunk
    assert "trunk" not in read_json(tmp_path / "trunk.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 3}, "batch_size is 3, the trunk wsd has"),
        ({"branch_step": 300}, "branch_step 300 must lie"),
        ({"steps": 501}, "which has 500 steps"),
    ],
)
def test_a_trunk_that_does_not_fit_is_refused(
    tmp_path: Path, trunk_settings: str, changes: dict[str, object], message: str
) -> None:
    inputs = write_inputs(tmp_path) | {"orders": {"en": tmp_path / "index.json"}}
    write_spec(trunk_settings, tmp_path / "trunk.json", **inputs)
    with pytest.raises(UserError, match=message):
        write_spec(
            branch_settings(trunk_settings, **changes), tmp_path / "spec.json", trunk=tmp_path / "trunk.json", **inputs
        )
    assert not (tmp_path / "spec.json").exists()


def test_a_trunk_that_reads_other_files_is_refused(tmp_path: Path, trunk_settings: str) -> None:
    inputs = write_inputs(tmp_path) | {"orders": {"en": tmp_path / "index.json"}}
    write_spec(trunk_settings, tmp_path / "trunk.json", **inputs)
    inputs |= write_inputs(tmp_path, blend="other")
    with pytest.raises(UserError, match="its blend_sha256 is another"):
        write_spec(branch_settings(trunk_settings), tmp_path / "spec.json", trunk=tmp_path / "trunk.json", **inputs)


def test_a_branch_without_its_trunk_is_refused_and_so_is_a_trunk_without_a_branch(
    tmp_path: Path, trunk_settings: str
) -> None:
    inputs = write_inputs(tmp_path) | {"orders": {"en": tmp_path / "index.json"}}
    with pytest.raises(UserError, match="--trunk-spec is for decay branches"):
        write_spec(branch_settings(trunk_settings), tmp_path / "spec.json", **inputs)
    write_spec(trunk_settings, tmp_path / "trunk.json", **inputs)
    with pytest.raises(UserError, match="--trunk-spec is for decay branches"):
        write_spec(trunk_settings, tmp_path / "spec.json", trunk=tmp_path / "trunk.json", **inputs)
