"""A study with a bit of everything that input functions must tell apart."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenbin.study.model import Study
from tenbin.study.reading import load_yaml, read_study

HUB = {"language": "fr", "source": "x", "licence": "x", "repository": "a/b", "revision": "0" * 40}
MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(repository: Path) -> MakeStudy:
    """Return a function that changes the embedded study's config and checks it."""

    def make(change: Callable[[dict[str, Any]], object] = lambda config: None) -> Study:
        config = copy.deepcopy(load_yaml(repository / "config.yaml"))
        config["corpora"]["fr"] = HUB | {"kind": "hub", "train": ["t{0..5}.parquet"], "valid": ["v.parquet"]}
        config["corpora"]["frtokens"] = HUB | {
            "kind": "hub_tokens",
            "tokenizer": "bpe4096",
            "parts": ["p{00..02}.bin"],
            "index": "p.idx",
        }
        config["mixes"]["jaen"] = {"corpora": {"ja": 0.75, "en": 0.25}}
        change(config)
        return read_study(config, [])

    return make
