"""Segment ends: finished segments stay finished whatever the segment length is now."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tenbin.planning.segments import segment_ends


def put_markers(folder: Path, *ends: int) -> str:
    folder.mkdir(exist_ok=True)
    for end in ends:
        (folder / f"{end}.json").write_text("{}")
    return str(folder)


def test_a_fresh_run_is_cut_into_equal_segments(tmp_path: Path) -> None:
    assert segment_ends(str(tmp_path / "none"), 100, 40) == [40, 80, 100]
    assert segment_ends(str(tmp_path / "none"), 100, 100) == [100]


def test_segments_on_disk_keep_their_ends(tmp_path: Path) -> None:
    assert segment_ends(put_markers(tmp_path / "s", 30), 100, 40) == [30, 70, 100]


def test_ends_above_the_steps_are_ignored(tmp_path: Path) -> None:
    assert segment_ends(put_markers(tmp_path / "s", 30, 200), 100, 100) == [30, 100]


def test_a_finished_run_has_nothing_to_add(tmp_path: Path) -> None:
    assert segment_ends(put_markers(tmp_path / "s", 50, 100), 100, 10) == [50, 100]


@given(st.integers(1, 500), st.integers(1, 500))
def test_segments_cover_the_run_once(steps: int, length: int) -> None:
    ends = segment_ends("no/such/folder", steps, length)
    starts = [0, *ends[:-1]]
    assert ends[-1] == steps
    assert all(0 < end - start <= length for start, end in zip(starts, ends, strict=True))


def test_branches_leave_at_segment_ends(tmp_path: Path) -> None:
    assert segment_ends(str(tmp_path / "none"), 100, 40, stops=[50, 60]) == [40, 50, 60, 100]
    assert segment_ends(put_markers(tmp_path / "s", 40, 80), 100, 40, stops=[50]) == [40, 50, 80, 100]


def test_a_branch_begins_where_it_leaves_its_trunk(tmp_path: Path) -> None:
    assert segment_ends(str(tmp_path / "none"), 100, 40, start=30) == [70, 100]


@given(st.integers(1, 300), st.integers(1, 300), st.lists(st.integers(1, 300), max_size=4))
def test_every_branch_step_is_an_end_and_no_segment_is_too_long(steps: int, length: int, stops: list[int]) -> None:
    within = [stop for stop in stops if stop <= steps]
    ends = segment_ends("no/such/folder", steps, length, stops=within)
    assert set(within) <= set(ends)
    assert ends == sorted(set(ends))
    assert max(end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)) <= length
