"""Generations: made by one process only, and what older ones hold is read as far as it counts."""

import threading

import pytest

from tenbin.errors import UserError
from tenbin.files import write_json
from tenbin.training.generations import Generation, Start, claim_generation, finished_segments, lineage


def finish_segment(generation, end_step):
    write_json(generation.folder / "segments" / f"{end_step}.json", {"steps": end_step})


def test_a_generation_is_made_by_one_process_only(tmp_path):
    assert claim_generation(tmp_path, 1, Start()) is not None
    assert claim_generation(tmp_path, 1, Start()) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001"]


def test_of_many_that_claim_at_once_one_gets_it(tmp_path):
    together, won = threading.Barrier(16), []

    def claim():
        together.wait()
        won.append(claim_generation(tmp_path, 1, Start()))

    threads = [threading.Thread(target=claim) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([generation for generation in won if generation]) == 1
    assert len(won) == 16


def test_a_rename_whose_answer_was_lost_is_a_claim_all_the_same(tmp_path, monkeypatch):
    rename = type(tmp_path).rename

    def lose_the_answer(path, target):
        rename(path, target)
        raise FileNotFoundError(path)

    monkeypatch.setattr(type(tmp_path), "rename", lose_the_answer)
    assert claim_generation(tmp_path, 1, Start()) == Generation(tmp_path, 1)


def test_a_work_folder_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    def refuse(path, target):
        raise PermissionError(path)

    monkeypatch.setattr(type(tmp_path), "rename", refuse)
    with pytest.raises(PermissionError):
        claim_generation(tmp_path, 1, Start())
    assert list(tmp_path.iterdir()) == []


def test_lineage_follows_starts_and_says_how_far_each_counts(tmp_path):
    for number, start in enumerate([Start(), Start(1, 7), Start(1, 4), Start(3, 9)], start=1):
        claim_generation(tmp_path, number, start)
    counted = [(generation.number, last) for generation, last in lineage(tmp_path, 4, 20)]
    assert counted == [(4, 20), (3, 9), (1, 4)]


def test_the_lineage_of_a_branch_ends_in_its_trunk(tmp_path):
    trunk, branch = tmp_path / "trunk", tmp_path / "branch"
    claim_generation(trunk, 1, Start())
    claim_generation(trunk, 2, Start(1, 3))
    claim_generation(branch, 1, Start(2, 8, "trunk"))
    claim_generation(branch, 2, Start(1, 10))
    counted = [(generation.folder, last) for generation, last in lineage(branch, 2, 12)]
    assert counted == [(branch / "0002", 12), (branch / "0001", 10), (trunk / "0002", 8), (trunk / "0001", 3)]


def test_a_segment_counts_if_it_was_finished_before_the_takeover(tmp_path):
    first = claim_generation(tmp_path, 1, Start())
    finish_segment(first, 5)
    second = claim_generation(tmp_path, 2, Start(1, 5))
    finish_segment(first, 10)
    finish_segment(second, 12)
    third = claim_generation(tmp_path, 3, Start(2, 12))
    finish_segment(third, 15)
    assert finished_segments(tmp_path, 2) == {"5": 1, "12": 2}
    assert finished_segments(tmp_path, 3) == {"5": 1, "12": 2, "15": 3}
    assert finished_segments(tmp_path, 0) == {}


def test_a_generation_that_is_no_longer_the_newest_says_which_is(tmp_path):
    first = claim_generation(tmp_path, 1, Start())
    first.require_newest()
    claim_generation(tmp_path, 2, Start())
    with pytest.raises(UserError, match=r"0001 is no longer the newest generation of its run \(that is 0002"):
        first.require_newest()
