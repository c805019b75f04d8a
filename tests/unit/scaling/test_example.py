"""The example that the documentation shows: its fits are those of its table of losses."""

from pathlib import Path

import pytest

from tenbin.files import read_json
from tenbin.scaling.curves import choose_form, curve_arrays
from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FORMS
from tenbin.scaling.points import DEFINITIONS, group_curves, read_points


@pytest.mark.parametrize("valid", ["booksen", "booksja"])
def test_the_examples_fits_follow_from_its_losses(repository: Path, valid: str) -> None:
    example = repository / "docs" / "example"
    points = [point for point in read_points(example / "losses.csv", example / "losses.json") if point.valid == valid]
    told = {curve["mix"]: curve["fits"] for curve in read_json(example / "scaling" / f"{valid}.json")["curves"]}
    curves = group_curves(points)
    assert {curve.mix for curve in curves} == set(told)
    for curve in curves:
        assert len(curve.sizes) == 5
        for definition in DEFINITIONS:
            n, losses = curve_arrays(curve, definition)
            described = told[curve.mix][definition]
            assert choose_form(n, losses).form.name == described["chosen_form"]
            for form in FORMS:
                exponent = float(fit(form, n, losses[None]).exponent[0])
                assert exponent == pytest.approx(described["forms"][form.name]["parameters"]["exponent"], rel=1e-6)
