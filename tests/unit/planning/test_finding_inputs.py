"""Which files losses, fits and figures are made from."""

from types import SimpleNamespace
from typing import Any

import pytest

from tenbin.planning import FindingInputs


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


@pytest.fixture
def inputs(make_study: Any) -> FindingInputs:
    return FindingInputs(make_study())


def test_every_run_is_scored_on_every_validation_set(inputs: FindingInputs) -> None:
    assert len(inputs.losses()) == len(inputs.study.runs()) * len(inputs.study.study.valids)
    assert len(set(inputs.losses())) == len(inputs.losses())
    assert len(inputs.documents(wildcards(valid="ja"))) == len(inputs.study.runs())


def test_fits_are_told_apart_by_domain(inputs: FindingInputs) -> None:
    assert inputs.fits(True) == ["<results>/scaling/en.json", "<results>/scaling/ja.json"]
    assert len(inputs.fits(True, False)) == 4
