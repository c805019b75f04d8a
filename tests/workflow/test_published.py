"""The published study as it is planned; nothing of it runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Workflow

pytestmark = pytest.mark.slow

FILES = 30 + 1024 + 8 + 1
"""Files of the Pile, of Japanese mC4, of its validation set and of the Pile's."""
RUNS = 18
MONO_SEGMENTS = 2 * (4 * 1 + 2 * 2)
MIX_SEGMENTS = 4 * 2 + 2 * 4


@pytest.fixture
def published(tmp_path: Path, repository: Path) -> Workflow:
    """Return an empty folder in which the published study is planned."""
    study = Workflow(tmp_path, repository)
    study.overlay = repository / "config" / "published.yaml"
    return study


def test_the_whole_study_is_planned(published: Workflow) -> None:
    planned = published.plan()
    assert planned["fetch_hub_file"] == planned["extract_documents"] == planned["tokenize_shard"] == FILES
    assert planned["join_shards"] == 4
    assert planned["write_spec"] == planned["finish_run"] == RUNS
    assert planned["train_segment"] == MONO_SEGMENTS + MIX_SEGMENTS
    assert planned["score_run"] == 2 * RUNS
    assert planned["link_neox_data"] == planned["write_mix"] == 3
    assert {"fit_curves", "compare_mixes", "write_summary"} <= planned.keys()


def test_the_pile_may_come_as_tokens(published: Workflow, tmp_path: Path) -> None:
    overlay = change(published.overlay, take_tokens)
    published.overlay = tmp_path / "tokens.yaml"
    published.overlay.write_text(yaml.safe_dump(overlay), encoding="utf-8")
    planned = published.plan()
    assert planned["join_token_parts"] == 1
    assert planned["fetch_hub_file"] == FILES - 30 + 133 + 1, "133 parts and their index instead of 30 files"
    assert planned["tokenize_shard"] == FILES - 30


def take_tokens(config: dict[str, Any]) -> None:
    """Take the Pile as EleutherAI tokenized it; the revision stands for the user's own choice."""
    config["corpora"]["piletokens"] = {
        "kind": "hub_tokens",
        "language": "en",
        "source": "The Pile, tokenized",
        "licence": "other",
        "tokenizer": "neox20b",
        "repository": "EleutherAI/pythia_pile_idxmaps",
        "revision": "0" * 40,
        "parts": ["pile_20B_tokenizer_text_document-{00000..00132}-of-00132.bin"],
        "index": "pile_20B_tokenizer_text_document.idx",
    }
    config["mixes"]["pile"]["corpora"] = {"piletokens": 1.0}
    config["mixes"]["pilemc4ja"]["corpora"] = {"piletokens": 0.5, "mc4ja": 0.5}


def change(path: Path, edit: Any) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(config)
    return config


def test_it_is_planned_without_a_checkout_of_gpt_neox(published: Workflow) -> None:
    assert not (published.folder / "gpt-neox").exists()
    assert published.plan("train")["train_segment"] == MONO_SEGMENTS + MIX_SEGMENTS


def test_downloads_wait_for_the_window(published: Workflow) -> None:
    printed = published.run("--dry-run", "data")
    job = next(text for text in printed.split("\n\n") if "sources/mc4ja/train/00040," in text)
    assert "input: results/published/tokens/neox20b/mc4ja/train/00008.bin" in job
