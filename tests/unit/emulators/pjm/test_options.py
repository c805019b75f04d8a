"""Words of #PJM lines, held against the shell's own splitting; and options that come back from any writing of them."""

import shlex

import pytest
from emulators.pjm.command import RefusedError
from emulators.pjm.options import merge, parse_script, parse_words
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = st.text("ab,=/.%-_ 1\t", min_size=1, max_size=12).filter(lambda text: text[0] != "-")
VALUES = st.from_regex(r"[a-z0-9:_-]{1,8}", fullmatch=True)
NAMES = st.sampled_from(["rscgrp", "node", "gpu", "elapse"])
RESOURCES = st.dictionaries(NAMES, VALUES, min_size=1)


@settings(deadline=None)
@given(TEXT)
def test_an_argument_in_quotation_marks_is_taken_whole(text):
    line = f"#PJM -j  -o {shlex.quote(text)} --norestart"
    assert parse_script(line, "job.sh") == {"-j": True, "-o": shlex.split(line)[3], "--norestart": True}


@settings(deadline=None)
@given(RESOURCES, RESOURCES)
def test_resources_may_be_spread_over_lines_and_the_later_one_counts(first, second):
    together = [f"#PJM -L {','.join(f'{name}={value}' for name, value in first.items())}"]
    spread = [f'#PJM -L "{name}={value}"' for name, value in second.items()]
    assert parse_script("\n".join(together + spread), "job.sh") == {"-L": first | second}


@settings(deadline=None)
@given(RESOURCES, RESOURCES)
def test_the_later_options_win_one_by_one(first, second):
    merged = merge({"-L": first, "-N": "a", "-j": True}, {"-L": second, "-N": "b"})
    assert merged == {"-L": first | second, "-N": "b", "-j": True}


@pytest.mark.parametrize(
    "words", [["-jo", "x", "-Nname"], ["-j", "-ox", "-N", "name"], ["--out=x", "--name", "name", "-j"]]
)
def test_forms_of_the_same_options(words):
    assert parse_words([*words, "job.sh"]) == ({"-j": True, "-o": "x", "-N": "name"}, ["job.sh"])


@settings(deadline=None)
@given(st.lists(st.text("-jLNoxz=,\"' a", max_size=8), max_size=5))
def test_any_line_is_parsed_or_refused_in_a_numbered_message(words):
    assert refusal_of(f"#PJM {' '.join(words)}").startswith(("[ERR.] PJM 00", "none"))


def refusal_of(line):
    try:
        parse_script(line, "job.sh")
    except RefusedError as refusal:
        return str(refusal)
    return "none"
