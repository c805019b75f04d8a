"""Names of jobs."""

import pytest

from snakemake_executor_plugin_pjm.names import LONGEST, SHOWN, new_submission


@pytest.mark.parametrize("rule", ["train", "a" * 100, "regel-mit.punkt", "日本語"])
def test_names_are_told_apart_by_what_pjstat_shows(rule: str) -> None:
    names = [new_submission(rule, "t", "w").name for _ in range(100)]
    assert len({name[:SHOWN] for name in names}) == 100
    assert all(name[0].isalpha() and name.isascii() and len(name) <= LONGEST for name in names)
