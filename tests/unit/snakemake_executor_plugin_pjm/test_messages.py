"""PJM's numbered messages in every spelling that is known."""

import pytest

from snakemake_executor_plugin_pjm.messages import find_errors, find_messages


@pytest.mark.parametrize(
    ("line", "number", "is_error"),
    [
        ("[ERR.] PJM 0070 pjsub No execute permission: pjsub-bulk.", "0070", True),
        ("[ERR.] PJM 0057 pjsub node=32 is greater than the upper limit (24).", "0057", True),
        ("[ERR.] PJM 0290 pjstat PJM daemon is not present.", "0290", True),
        ("[INFO] PJM 0100 pjdel Accepted job 12.", "0100", False),
        ("[INFO.] PJM 0000 pjsub Job 64856_0 submitted.", "0000", False),
        ("[WARN] PJM 0024 pjsub Too many arguments in script file.", "0024", False),
    ],
)
def test_level_number_and_text_are_found(line, number, is_error):
    (message,) = find_messages(f"something else\n{line}\nTry `pjsub --help` for more information.\n")
    assert (message.number, message.is_error, message.line) == (number, is_error, line)
    assert line.endswith(f"{number} {message.text}")
    assert find_errors(line) == ([message] if is_error else [])


def test_what_only_looks_like_a_message_is_none():
    assert not find_messages("a [ERR.] PJM 0070 x\n[ERR.] PJM 70 x\nERR PJM 0070 x\n")
