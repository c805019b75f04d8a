from pathlib import Path

import pytest

from tenbin.errors import UserError
from tenbin.figures.labels import MixLanguages, find_mix, panel_title, read_mixes, short_count
from tenbin.files import write_json


def write_mix(path: Path, corpora: dict[str, tuple[str, float]]) -> Path:
    entries = {corpus: {"language": language, "weight": weight} for corpus, (language, weight) in corpora.items()}
    write_json(path, {"recipe": 1, "corpora": entries})
    return path


def test_mixes_are_named_by_their_languages(tmp_path: Path) -> None:
    mixes = read_mixes(
        [
            write_mix(tmp_path / "enja.json", {"a": ("en", 0.5), "b": ("ja", 0.5)}),
            write_mix(tmp_path / "ja25.json", {"a": ("en", 0.75), "b": ("ja", 0.25)}),
            write_mix(tmp_path / "ja.json", {"b": ("ja", 1.0)}),
            write_mix(tmp_path / "en.json", {"a": ("en", 0.3), "c": ("en", 0.7)}),
        ]
    )
    assert {id_: mix.label for id_, mix in mixes.items()} == {
        "en": "English only",
        "ja": "Japanese only",
        "enja": "English + Japanese",
        "ja25": "English 75% + Japanese 25%",
    }
    assert list(mixes) == ["en", "ja", "enja", "ja25"]


def test_a_mix_without_record_is_named_in_the_error() -> None:
    with pytest.raises(UserError, match=r"losses.csv speaks of mix de.*--mixes"):
        find_mix({"en": MixLanguages("en", {"en": 1.0})}, "de", Path("losses.csv"))


def test_titles_say_language_and_domain() -> None:
    assert panel_title("ja", in_domain=True) == "Japanese held-out text (日本語)"
    assert panel_title("en", in_domain=True) == "English held-out text"
    assert panel_title("en", in_domain=False) == "English text of another domain"
    assert panel_title("xx", in_domain=True) == "xx held-out text"


@pytest.mark.parametrize(
    ("count", "label"), [(500, "500"), (3_312, "3.31k"), (100_096, "100k"), (302_311_424, "302M"), (1.2e9, "1.2G")]
)
def test_counts_are_short(count: float, label: str) -> None:
    assert short_count(count) == label
