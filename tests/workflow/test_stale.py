"""Stale, and nothing but stale: what each change makes anew, in planned jobs and in training steps taken."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness import Workflow

pytestmark = pytest.mark.slow

MONO_STEPS, MIX_STEPS = 12, 24
RUNS = 6
ALL_STEPS = 2 * (2 * MONO_STEPS + MIX_STEPS)
AFTER_MARGIN = {"compare_mixes", "plot_mix_ratio", "judge_claims", "write_verdicts", "write_summary"}
AFTER_LOSSES = {"compare_mixes", "fit_curves", "plot_loss_versus_size", "plot_loss_curves", "plot_mix_ratio"}


def test_a_finished_study_has_nothing_to_do_and_took_each_step_once(finished_once: Workflow) -> None:
    assert finished_once.plan() == {}
    assert "Nothing to be done" in finished_once.run()
    assert finished_once.steps_taken() == ALL_STEPS


def test_a_plot_option_makes_figures_and_nothing_else(finished: Workflow) -> None:
    finished.edit(lambda config: config.update(figures={"dpi": 72}))
    planned = finished.plan()
    assert planned
    assert all(rule.startswith(("plot_", "write_summary")) for rule in planned)


def test_a_margin_makes_comparisons_and_what_shows_them(finished: Workflow) -> None:
    finished.edit(lambda config: config.update(claims={"margin": 0.01}))
    planned = finished.plan()
    assert planned["compare_mixes"] == 1
    assert set(planned) - {"all"} <= AFTER_MARGIN


def test_files_touched_with_equal_content_make_nothing(finished: Workflow) -> None:
    for path in finished.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)
    assert finished.plan() == {}


def test_a_comment_in_training_code_makes_nothing(finished_with_code: Workflow) -> None:
    checkout = finished_with_code.checkout
    for path in [checkout / "scripts" / "train_segment.py", *(checkout / "src/tenbin/training").glob("*.py")]:
        path.write_text(path.read_text(encoding="utf-8") + "\n# A comment.\n", encoding="utf-8")
    assert finished_with_code.plan() == {}


def test_code_of_fits_makes_fits_and_figures_and_no_run(finished_with_code: Workflow) -> None:
    path = next((finished_with_code.checkout / "src/tenbin/scaling").glob("f*.py"))
    path.write_text(path.read_text(encoding="utf-8") + "\n# A comment.\n", encoding="utf-8")
    planned = finished_with_code.plan()
    assert {"fit_curves", "compare_mixes"} <= set(planned)
    assert not {"train_segment", "score_run", "collect_losses"} & set(planned)


def test_a_new_size_makes_its_runs_and_what_follows(finished: Workflow) -> None:
    def add(config: dict[str, Any]) -> None:
        config["sizes"] = {"d48l1": {"hidden_size": 48, "num_layers": 1, "num_heads": 2, "n_nonembedding": 28368}}
        for block in config["study"]["blocks"]:
            block["sizes"].append("d48l1")

    finished.edit(add)
    planned = finished.plan()
    assert planned["draw_weights"] == 1
    assert planned["train_segment"] == planned["write_spec"] == planned["finish_run"] == 3
    assert planned["score_run"] == 3 * 2
    assert not {"extract_documents", "train_tokenizer", "tokenize_shard", "order_corpus", "write_mix"} & set(planned)


def test_a_new_seed_makes_its_runs_and_what_follows(finished: Workflow) -> None:
    finished.edit(lambda config: config["study"].update(seeds=[0, 1]))
    planned = finished.plan()
    assert planned["draw_weights"] == 2
    assert planned["train_segment"] == RUNS
    assert planned["order_corpus"] == 4
    assert not {"extract_documents", "train_tokenizer", "tokenize_shard", "write_mix"} & set(planned)


def test_a_learning_rate_makes_the_runs_of_its_schedule(finished: Workflow) -> None:
    finished.edit(lambda config: config["schedules"]["it12"].update(peak_learning_rate=0.02))
    planned = finished.plan()
    assert planned["write_spec"] == planned["train_segment"] == planned["finish_run"] == 4
    assert planned["score_run"] == 4 * 2
    assert not {"order_corpus", "blend_corpora", "draw_weights", "write_mix"} & set(planned)


def test_a_deleted_run_folder_is_rewritten_without_a_training_step(finished: Workflow) -> None:
    before, steps = finished.losses(), finished.steps_taken()
    folder = finished.results / "runs" / "both" / "e4"
    marker = folder / "it24" / "seed0" / "segments" / "24.json"
    content = marker.read_bytes()
    shutil.rmtree(folder)
    planned = finished.plan()
    assert planned["train_segment"] == planned["write_spec"] == planned["finish_run"] == 1
    assert planned["score_run"] == 2
    finished.run()
    assert finished.steps_taken() == steps
    assert marker.read_bytes() == content
    assert finished.losses() == before


def test_upstream_made_anew_with_equal_bytes_takes_no_training_step(finished: Workflow) -> None:
    before, steps = finished.losses(), finished.steps_taken()
    planned = finished.plan("--forcerun", "extract_documents")
    assert planned["extract_documents"] == 4
    finished.run("--forcerun", "extract_documents")
    assert finished.steps_taken() == steps
    assert finished.losses() == before
    assert finished.plan() == {}


def append_document(path: Path) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"text": "The miller weighs one more pear on the bridge."}\n')


def test_a_document_more_remakes_everything_where_the_tokenizer_was_trained_on_it(finished: Workflow) -> None:
    append_document(finished.folder / "text" / "en.jsonl")
    planned = finished.plan()
    assert planned["extract_documents"] == 2, "both splits of the English corpus, not the Japanese"
    assert planned["train_tokenizer"] == 1
    assert planned["tokenize_shard"] == 4
    assert planned["train_segment"] == RUNS
    printed = finished.run("--dry-run")
    assert "Train tokenizer bpe512" in printed
    assert "makes all tokens, mixes and runs stale" in printed


def test_a_document_more_leaves_the_other_language_alone_where_the_tokenizer_is_given(finished: Workflow) -> None:
    give_tokenizer(finished)
    finished.run()
    before, steps = finished.losses(), finished.steps_taken()
    append_document(finished.folder / "text" / "en.jsonl")
    planned = finished.plan()
    assert planned["extract_documents"] == 2
    assert "train_tokenizer" not in planned
    assert planned["train_segment"] == planned["write_spec"] == 4, "English and both, not Japanese"
    finished.run()
    assert finished.steps_taken() - steps == 2 * (MONO_STEPS + MIX_STEPS)
    assert rows(finished.losses(), "monoja") == rows(before, "monoja")


def give_tokenizer(study: Workflow) -> None:
    """Replace the trained tokenizer by the same one, given."""
    record = study.json("tokenizers/bpe512.json")
    shutil.copy(study.results / "tokenizers" / "bpe512" / "tokenizer.json", study.folder / "tokenizer.json")
    sha256 = record["files"]["tokenizer"]["sha256"]

    def give(config: dict[str, Any]) -> None:
        config["tokenizers"]["given"] = {"kind": "given", "file": "tokenizer.json", "sha256": sha256}
        config["study"]["tokenizer"] = "given"

    study.edit(give)


def rows(table: bytes, mix: str) -> list[str]:
    """Return the rows of a mix that are scored on Japanese, whose validation text did not change."""
    return [line for line in table.decode().splitlines() if line.startswith(f"{mix},") and ",tinyja," in line]
