"""The ledger says to the token what a step read."""

import io
import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.mixing.ledger import print_ledger, read_ledger
from tenbin.mixing.samples import BlendedSamples
from tenbin.tokens.mmap import open_pair, pair_paths


@pytest.fixture
def prefixes(tmp_path: Path, write_corpus) -> dict[str, Path]:
    """Write two corpora of short documents; return their prefixes."""
    generator = np.random.RandomState(3)
    for corpus in ("en", "ja"):
        write_corpus(tmp_path / corpus, [generator.randint(2, 258, size).tolist() for size in [1, 40, 7] * 20])
    return {corpus: tmp_path / corpus for corpus in ("en", "ja")}


@pytest.fixture
def blended(prefixes: dict[str, Path], write_orders) -> BlendedSamples:
    return BlendedSamples(write_orders(prefixes, {"en": 0.5, "ja": 0.5}, 40, 16), prefixes, 16, 4)


def test_the_ranges_of_a_step_are_its_batch(blended: BlendedSamples, prefixes: dict[str, Path]) -> None:
    pairs = {corpus: open_pair(*pair_paths(prefix)) for corpus, prefix in prefixes.items()}
    for step in range(1, blended.steps + 1):
        lines = [line for line, _ in read_ledger(blended, step)]
        rows = []
        for _, ranges in groupby(lines, key=lambda line: line.position):
            parts = [
                pairs[line.corpus].document(line.document)[line.first_token : line.first_token + line.tokens]
                for line in ranges
            ]
            rows.append(np.concatenate(parts).tolist())
        assert rows == blended.batch(step - 1).tolist()
        assert {line.step for line in lines} == {step}
        assert sorted({line.position for line in lines}) == list(range((step - 1) * 4, step * 4))


def test_the_table_has_one_line_a_range_and_its_text(blended: BlendedSamples, tmp_path: Path) -> None:
    alphabet = {chr(33 + number): number for number in range(94)}
    tokenizer = {"added_tokens": [{"id": 0, "content": "<|endoftext|>"}], "model": {"vocab": alphabet}}
    tokenizer["model"]["vocab"] |= {"aa" * count: 93 + count for count in range(1, 200)}
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    out = io.StringIO()
    print_ledger(blended, 2, tmp_path / "tokenizer.json", out)
    header, *rows = [line.split("\t") for line in out.getvalue().splitlines()]
    assert header == ["step", "position", "corpus", "k", "sample", "document", "first_token", "tokens", "text"]
    lines = list(read_ledger(blended, 2))
    assert len(rows) == len(lines)
    for row, (line, corpus) in zip(rows, lines, strict=True):
        ids = corpus.piece_tokens(line.document, line.first_token, line.tokens).tolist()
        assert row[:8] == [str(value) for value in vars(line).values()]
        assert json.loads(row[8]) == "".join(
            chr(33 + number) if number < 94 else "aa" * (number - 93) for number in ids
        )


@pytest.mark.parametrize("step", [0, 11])
def test_a_step_outside_the_run_is_refused_before_anything_is_printed(blended: BlendedSamples, step: int) -> None:
    out = io.StringIO()
    with pytest.raises(UserError, match=f"step {step}: the order holds steps 1 to 10"):
        print_ledger(blended, step, None, out)
    assert out.getvalue() == ""
