"""What jobs ask of a batch system, in one table."""

from typing import Any

from tenbin.pricing.identities import PlannedJob
from tenbin.pricing.queue_table import queue_table

SHARE = {"queue": "share", "gpu": 1, "threads": 8, "runtime": 720}
NODES = {"queue": "regular-a", "nodes": 4, "gpu": 32, "threads": 8, "runtime": 2880}


def job(rule: str, asks: dict[str, Any]) -> PlannedJob:
    return PlannedJob(rule, {}, asks=asks)


def test_jobs_that_ask_for_the_same_are_counted_together() -> None:
    jobs = [job("train_segment", NODES), *[job("tokenize_shard", SHARE)] * 3, job("train_segment", SHARE)]
    table = queue_table(jobs)
    assert table is not None
    assert table.rows() == [
        ("train_segment", "1", "regular-a", "4", "32", "8", "48.0"),
        ("tokenize_shard", "3", "share", "", "1", "8", "12.0"),
        ("train_segment", "1", "share", "", "1", "8", "12.0"),
        ("all", "5", "", "", "", "", ""),
    ]
    assert len(table.notes) == 1


def test_jobs_without_a_queue_are_told_in_a_note() -> None:
    table = queue_table(
        [job("tokenize_shard", SHARE), job("fetch_hub_file", {"threads": 1}), PlannedJob("write_mix", {})]
    )
    assert table is not None
    assert len(table.rows()) == 2
    assert table.notes[1].startswith("2 more jobs name no queue")


def test_where_no_job_names_a_queue_there_is_no_table() -> None:
    assert queue_table([]) is None
    assert queue_table([job("write_mix", {"threads": 1})]) is None


def test_what_cannot_be_told_yet_is_shown_as_snakemake_says_it() -> None:
    table = queue_table([job("score_run", {"queue": "share", "gpu": "<TBD>", "threads": 1, "runtime": "<TBD>"})])
    assert table is not None
    assert table.rows()[0] == ("score_run", "1", "share", "<TBD>", "1", "<TBD>")
