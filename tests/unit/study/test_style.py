import pytest
from pydantic import ValidationError

from tenbin.study.style import FigureStyle


def test_every_key_has_a_default_and_a_description() -> None:
    assert FigureStyle() == FigureStyle.model_validate_json("{}")
    assert all(field.description for field in FigureStyle.model_fields.values())


@pytest.mark.parametrize(
    "wrong", [{"palete": []}, {"palette": []}, {"palette": ["red"]}, {"dpi": 0}, {"font_size": -1}]
)
def test_a_wrong_key_or_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FigureStyle.model_validate(wrong)
