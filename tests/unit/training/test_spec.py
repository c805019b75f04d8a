"""Specs as the engine reads them."""

import pytest

from tenbin.errors import UserError
from tenbin.files import seal_of
from tenbin.training.spec import read_spec


def test_the_fingerprint_is_the_seal(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    assert read_spec(run.spec)[1] == seal_of(run.spec)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"engine": "other"}, "engine: "), ({"numerics": "fp8"}, "numerics: "), ({"queue": "long"}, "queue: Extra")],
)
def test_what_the_engine_does_not_know_is_refused_by_name(make_tiny_run, tmp_path, change, message):
    run = make_tiny_run(tmp_path)
    run.respell(**change)
    with pytest.raises(UserError, match=message):
        read_spec(run.spec)


def test_a_changed_spec_without_a_new_seal_is_refused(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    run.spec.write_text(run.spec.read_text().replace('"seed": 1234', '"seed": 1235'))

    with pytest.raises(UserError, match="does not match its own sha256"):
        read_spec(run.spec)
