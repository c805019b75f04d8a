"""A comparison says what is equal between one language alone and the mix."""

import copy
from pathlib import Path

from tenbin.study.comparisons import find_comparisons
from tenbin.study.reading import load_yaml, read_study


def test_each_language_is_compared_with_the_mix_and_the_fairness_is_named(repository: Path) -> None:
    config = load_yaml(repository / "config.yaml")
    config["study"]["blocks"] = [
        {"mixes": ["en", "ja"], "sizes": ["e3"], "schedule": "it500"},
        {"mixes": ["enja"], "sizes": ["e3"], "schedule": "it1000"},
        {"mixes": ["enja"], "sizes": ["e3"], "schedule": "it500"},
    ]
    config["schedules"] = {
        "it500": config["schedules"]["it500"] | {"steps": 500},
        "it1000": config["schedules"]["it500"] | {"steps": 1000},
    }
    found = [(c.language, c.mono_mix, c.mix_schedule, c.at) for c in find_comparisons(read_study(config, []))]
    assert found == [
        ("en", "en", "it1000", "equal tokens of the language"),
        ("en", "en", "it500", "equal steps"),
        ("ja", "ja", "it1000", "equal tokens of the language"),
        ("ja", "ja", "it500", "equal steps"),
    ]


def test_lengths_of_one_training_differ_in_steps_alone(repository: Path) -> None:
    config = load_yaml(repository / "config.yaml")
    hotter = config["schedules"]["it1000"] | {"peak_learning_rate": 0.01}
    config["schedules"] = config["schedules"] | {"hot": hotter}
    config["study"]["blocks"].append({"mixes": ["enja"], "sizes": ["e3"], "schedule": "hot"})
    by_schedule = {c.mix_schedule: c for c in find_comparisons(read_study(config, [])) if c.language == "ja"}
    assert by_schedule["it500"].mix_schedules == by_schedule["it1000"].mix_schedules == ("it1000", "it500")
    assert by_schedule["hot"].mix_schedules == ("hot",)
    assert by_schedule["it500"].mono_schedules == ("it500",)
    assert by_schedule["it500"].mix_share == 0.5


def test_two_corpora_of_one_language_are_that_language_alone(repository: Path) -> None:
    config = copy.deepcopy(load_yaml(repository / "config.yaml"))
    config["mixes"]["en"] = {"corpora": {"en": 0.9, "electronen": 0.1}}
    assert {c.mono_mix for c in find_comparisons(read_study(config, []))} == {"en", "ja"}
