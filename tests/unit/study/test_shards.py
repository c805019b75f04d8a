"""Which files a split is read from is known before anything runs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.study.corpora import FilesCorpus, HubCorpus
from tenbin.study.shards import expand_range, list_sources

TEXT = {"language": "ja", "source": "x", "licence": "x"}


@given(st.integers(0, 9), st.integers(0, 30))
def test_ranges_count_up_and_keep_their_zeros(first: int, more: int) -> None:
    names = expand_range(f"a-{{{first:05d}..{first + more:05d}}}.gz")
    assert names == [f"a-{number:05d}.gz" for number in range(first, first + more + 1)]


def test_a_name_without_a_range_stands_for_itself() -> None:
    assert expand_range("a{b}.txt") == ["a{b}.txt"]


def test_hub_files_are_numbered_over_all_patterns() -> None:
    corpus = HubCorpus(kind="hub", repository="a/b", revision="0" * 40, train=("x{0..1}", "y"), valid=("v",), **TEXT)
    assert [(s.shard, s.name) for s in list_sources("c", corpus, "train")] == [
        ("00000", "x0"),
        ("00001", "x1"),
        ("00002", "y"),
    ]
    assert [s.name for s in list_sources("c", corpus, "valid")] == ["v"]


def test_with_a_valid_share_both_splits_read_the_train_files() -> None:
    corpus = HubCorpus(kind="hub", repository="a/b", revision="0" * 40, train=("x",), valid_share=0.1, **TEXT)
    assert list_sources("c", corpus, "valid") == list_sources("c", corpus, "train")
    assert list_sources("c", corpus, "valid")[0].split == "train"


def test_globs_are_sorted_and_must_match(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("x")
    corpus = FilesCorpus(kind="files", train=(f"{tmp_path}/*.txt",), valid_share=0.5, **TEXT)
    assert [Path(s.name).name for s in list_sources("c", corpus, "train")] == ["a.txt", "b.txt"]
    with pytest.raises(UserError, match=r"corpora\.c\.train: no file matches"):
        list_sources("c", FilesCorpus(kind="files", train=("none/*",), valid_share=0.5, **TEXT), "train")
