"""What every stage makes of the invented text, hash by hash and loss by loss.

A hash that moves means that an upgrade or a change moved the bytes: raise the stage's number in
`src/tenbin/recipes.py`, then write the new values by `TENBIN_WRITE_GOLDEN=1 pytest tests/workflow/test_golden.py`.
"""

import csv
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import zstandard
from harness import Workflow

from tenbin import recipes

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden" / "tiny.json"
LOSS_TOLERANCE = 4e-6
FILES = {
    "TOKENIZERS": ["tokenizers/bpe512/tokenizer.json"],
    "TOKENS": ["tokens/bpe512/tinyen/train.bin", "tokens/bpe512/tinyja/train.idx", "tokens/bpe512/tinyja/valid.bin"],
    "ORDERS": ["orders/both/it24/seed0/tinyja/shuffle_idx.npy", "orders/both/it24/seed0/blend.npy"],
    "INIT": ["init/e3/seed0.safetensors", "init/e4/seed0.safetensors"],
}


@pytest.fixture(scope="module")
def golden(finished_once: Workflow) -> dict[str, Any]:
    if os.environ.get("TENBIN_WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(observe(finished_once), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    content: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return content


def observe(study: Workflow) -> dict[str, Any]:
    hashes = {recipe: {name: digest((study.results / name).read_bytes()) for name in FILES[recipe]} for recipe in FILES}
    hashes["CORPORA"] = {name: digest(documents(study, name)) for name in ("tinyen/train", "tinyja/valid")}
    hashes["MIXES"] = {"both": digest(json.dumps(mix_weights(study)).encode())}
    return {"recipes": recipe_numbers(), "hashes": hashes, "training": last_losses(study), "losses": losses(study)}


def recipe_numbers() -> dict[str, int]:
    return {name: number for name, number in vars(recipes).items() if name.isupper()}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def documents(study: Workflow, split: str) -> bytes:
    compressed = (study.results / "corpora" / split / "00000.jsonl.zst").read_bytes()
    return zstandard.ZstdDecompressor().decompressobj().decompress(compressed)


def mix_weights(study: Workflow) -> list[list[object]]:
    return [[corpus, entry["weight"]] for corpus, entry in study.json("mixes/both.json")["corpora"].items()]


def last_losses(study: Workflow) -> dict[str, float]:
    runs = study.results / "runs"
    return {
        str(done.parent.relative_to(runs)): json.loads(done.read_text())["last_loss"]
        for done in sorted(runs.rglob("done.json"))
    }


def losses(study: Workflow) -> dict[str, float]:
    rows = csv.DictReader(study.losses().decode().splitlines())
    return {f"{r['mix']}/{r['size']}/{r['valid']}": float(r["loss_nats_per_token"]) for r in rows}


def test_the_golden_values_are_of_the_current_recipes(golden: dict[str, Any]) -> None:
    assert golden["recipes"] == recipe_numbers()


@pytest.mark.parametrize("recipe", ["CORPORA", "TOKENIZERS", "TOKENS", "MIXES", "ORDERS", "INIT"])
def test_the_bytes_of_a_recipe_have_not_moved(recipe: str, golden: dict[str, Any], finished_once: Workflow) -> None:
    assert observe(finished_once)["hashes"][recipe] == golden["hashes"][recipe], f"raise recipes.{recipe}"


def test_training_gives_the_same_losses(golden: dict[str, Any], finished_once: Workflow) -> None:
    assert last_losses(finished_once) == pytest.approx(golden["training"], abs=LOSS_TOLERANCE, rel=0), "raise SPECS"


def test_scoring_gives_the_same_losses(golden: dict[str, Any], finished_once: Workflow) -> None:
    assert losses(finished_once) == pytest.approx(golden["losses"], abs=LOSS_TOLERANCE, rel=0), "raise recipes.LOSSES"
