"""What the config says of a run becomes its spec, and nothing else does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tenbin.errors import UserError
from tenbin.study.model import Run
from tenbin.study.reading import load_yaml, read_study
from tenbin.study.settings import run_settings


@pytest.fixture
def config(repository: Path) -> dict[str, Any]:
    return load_yaml(repository / "config.yaml")


def settings_of(config: dict[str, Any], size: str) -> dict[str, Any]:
    return json.loads(run_settings(read_study(config, []), Run("en", size, "it500", 0)))


def test_a_size_may_have_rates_of_its_own(config: dict[str, Any]) -> None:
    usual = settings_of(config, "e3")
    config["schedules"]["it500"] |= {"learning_rate_factors": {"e3": 4}}
    assert settings_of(config, "e3")["schedule"] == usual["schedule"] | {
        "peak_learning_rate": 4 * usual["schedule"]["peak_learning_rate"],
        "final_learning_rate": 4 * usual["schedule"]["final_learning_rate"],
    }


def test_rates_of_one_size_leave_the_specs_of_others_alone(config: dict[str, Any]) -> None:
    usual = settings_of(config, "e4")
    config["schedules"]["it500"] |= {"learning_rate_factors": {"e3": 4}}
    assert settings_of(config, "e4") == usual
    assert "learning_rate_factors" not in usual["schedule"]


def test_rates_of_an_unknown_size_are_refused(config: dict[str, Any]) -> None:
    config["schedules"]["it500"] |= {"learning_rate_factors": {"e33": 4}}
    with pytest.raises(UserError, match=r"schedules\.it500\.learning_rate_factors: no 'e33'"):
        read_study(config, [])
