import io
import json

import pytest

from tenbin.corpora.html_pages import extract_prose, read_html_pages
from tenbin.corpora.tally import Tally
from tenbin.errors import UserError
from tenbin.study.corpora import HtmlPages

ENGLISH = "This sentence is long enough to be prose, and says so."
JAPANESE = "この文は散文と呼べるだけの長さがあり、そう述べています。"
FORM = HtmlPages(locale="ja-JP", locales=("en-US", "ja-JP"))


def page(*lines):
    return {"html": "".join(f"<p>{line}</p>" for line in lines)}


def numbered(sentence, count, start=0):
    return [f"{sentence}{number}" for number in range(start, start + count)]


def read(value, form=FORM, tally=None):
    return list(read_html_pages(io.BytesIO(json.dumps(value).encode()), form, tally or Tally("docs.json", 0)))


def test_markup_and_what_is_no_prose_fall_away():
    html = (
        f"<head><title>{ENGLISH} title</title></head><nav>{ENGLISH} menu</nav><h1>Short</h1>"
        f"<p>{ENGLISH} <b>Bold\n  words</b> &amp; more.</p><pre>{ENGLISH} code</pre><li>{ENGLISH} item</li>"
        f"<script>{ENGLISH} script</script><p>{ENGLISH} end</p>"
    )
    assert extract_prose({"a": {"html": html}}, "en-US", None)["a"].split("\n") == [
        f"{ENGLISH} Bold words & more.",
        f"{ENGLISH} item",
        f"{ENGLISH} end",
    ]


def test_a_line_is_taken_once_in_a_locale():
    pages = {"a": page(*numbered(ENGLISH, 4)), "b": page(*numbered(ENGLISH, 4, start=3))}
    prose = extract_prose(pages, "en-US", None)
    assert prose["b"].split("\n") == numbered(ENGLISH, 3, start=4)


def test_lines_left_untranslated_are_not_japanese():
    pages = {"a": page(*numbered(JAPANESE, 8), ENGLISH)}
    assert extract_prose(pages, "ja-JP", None)["a"].split("\n") == numbered(JAPANESE, 8)


def test_only_pages_with_prose_in_every_locale_are_taken_under_their_names():
    english = {name: page(*numbered(f"{name}: {ENGLISH}", 4)) for name in "abc"}
    japanese = {name: page(*numbered(f"{name}：{JAPANESE}", 8)) for name in "ab"} | {"c": page("短い。")}
    value = {"en-US": english, "ja-JP": japanese, "fr-FR": {}}
    documents = read(value)
    assert [(document.id, document.group) for document in documents] == [("a", "a"), ("b", "b")]
    in_english = read(value, HtmlPages(locale="en-US", locales=("en-US", "ja-JP")))
    assert [document.group for document in in_english] == ["a", "b"]


def test_a_page_without_html_is_unreadable():
    tally = Tally("docs.json", 1)
    read({"en-US": {}, "ja-JP": {"a": {"text": "x"}, "b": {"html": None}}}, tally=tally)
    assert tally.unreadable == {"no html": 2}
    assert tally.records == 2


def test_a_missing_locale_is_named_beside_those_that_are_there():
    with pytest.raises(UserError, match=r"docs\.json has no locale ja-JP; it has en-US"):
        read({"en-US": {}})


@pytest.mark.parametrize("content", [b"", b"\xff", b"<html>"])
def test_a_file_that_is_not_json_is_named(content):
    with pytest.raises(UserError, match=r"docs\.json is not JSON"):
        list(read_html_pages(io.BytesIO(content), FORM, Tally("docs.json", 0)))
