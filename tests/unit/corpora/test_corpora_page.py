"""What docs/corpora.md shows is what the models accept."""

import re

import pytest
import yaml
from pydantic import TypeAdapter

from tenbin.study.corpora import Corpus, Package

ENTRIES = {"packages": TypeAdapter(Package), "corpora": TypeAdapter(Corpus)}
KINDS = {"package", "hub", "files", "tokens", "hub_tokens"}


@pytest.fixture
def snippets(repository):
    page = (repository / "docs" / "corpora.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def test_every_snippet_is_valid_and_every_kind_has_one(snippets):
    kinds = set()
    for snippet in snippets:
        for catalogue, entries in snippet.items():
            for entry in entries.values():
                ENTRIES[catalogue].validate_python(entry)
                kinds |= {entry["kind"]} if catalogue == "corpora" else set()
    assert kinds == KINDS
