"""A reason is told once, with the rules that it concerns."""

from snakemake_executor_plugin_pjm.refusals import tell


def test_one_rule_keeps_its_own_line() -> None:
    assert tell(["rule a: too long: 3 h"]) == "rule a: too long: 3 h"


def test_jobs_of_a_rule_with_the_same_reason_are_one_line() -> None:
    assert tell(["rule a: too long", "rule a: too long", "rule b: too wide"]) == "rule a: too long\nrule b: too wide"


def test_rules_with_the_same_reason_share_a_line() -> None:
    assert tell(f"rule {name}: no project" for name in "ab") == "rules a and b: no project"
    assert tell(f"rule {name}: no project" for name in "abcdefg") == "rules a, b, c, d and 3 more: no project"
