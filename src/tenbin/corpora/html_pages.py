"""Running prose out of translated HTML pages.

Kept are lines long enough to be prose, once each: menus, labels and repeated boilerplate fall away, and so
do lines of a page that its translators left in English.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import IO, Any

from tenbin.corpora.tally import Document, Tally
from tenbin.errors import UserError
from tenbin.study.corpora import HtmlPages

NOT_PROSE = {"script", "style", "nav", "head", "pre", "footer"}
LINE_BREAKING = {"p", "div", "li", "h1", "h2", "h3", "h4", "h5", "td", "dd", "dt", "br", "tr"}
LINE_BREAKING |= {"section", "table", "ul", "ol", "paragraph", "title", "item"}
MIN_PAGE_CHARACTERS = 150
MIN_LINE_CHARACTERS = 25
# Scripts that say in about half as many characters what an alphabet says, and write no blanks: kana, hangul, han.
DENSE_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
}
MIN_DENSE_LINE_CHARACTERS = 12
MIN_DENSE_SCRIPT_SHARE = 0.15


def read_html_pages(stream: IO[bytes], form: HtmlPages, tally: Tally) -> Iterator[Document]:
    """Yield the prose of each page of a locale that has prose in all of the format's locales.

    The page's name is the document's id and its group: translations of a page lie on one side of the split.

    Raises UserError if the file is no JSON object of locales or lacks one of them.
    """
    locales = _parse_locales(stream, form, tally.source)
    own = extract_prose(locales[form.locale], form.locale, tally)
    in_others = [set(extract_prose(locales[name], name, None)) for name in form.locales if name != form.locale]
    for name, text in own.items():
        if all(name in pages for pages in in_others):
            yield Document(text, group=name, id=name)


def extract_prose(pages: dict[str, Any], locale: str, tally: Tally | None) -> dict[str, str]:
    """Return page name -> prose of a locale's pages that have enough of it, unreadable pages counted in `tally`."""
    seen: set[str] = set()
    prose = {}
    for name, page in pages.items():
        if tally:
            tally.records += 1
        html = page.get("html") if isinstance(page, dict) else None
        if isinstance(html, str):
            prose[name] = "\n".join(_prose_lines(html, locale, seen))
        elif tally:
            tally.reject("no html", f"page {name}")
    return {name: text for name, text in prose.items() if len(text) >= MIN_PAGE_CHARACTERS}


def _prose_lines(html: str, locale: str, seen: set[str]) -> Iterator[str]:
    """Yield a page's lines of prose that no earlier page of the locale had, and add them to `seen`."""
    parser = _PageText()
    parser.feed(html)
    parser.close()
    for line in map(str.strip, "".join(parser.pieces).split("\n")):
        if line not in seen and _is_prose(line, locale):
            seen.add(line)
            yield line


def _is_prose(line: str, locale: str) -> bool:
    script = DENSE_SCRIPTS.get(locale.partition("-")[0])
    if script is None:
        return len(line) >= MIN_LINE_CHARACTERS
    in_script = len(script.findall(line))
    return len(line) >= MIN_DENSE_LINE_CHARACTERS and in_script >= MIN_DENSE_SCRIPT_SHARE * len(line)


class _PageText(HTMLParser):
    """Collects the text of a page, a line end at each border of a block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._skipped_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NOT_PROSE:
            self._skipped_depth += 1
        else:
            self._break_line(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in NOT_PROSE:
            self._skipped_depth = max(0, self._skipped_depth - 1)
        else:
            self._break_line(tag)

    def handle_data(self, data: str) -> None:
        if not self._skipped_depth:
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _break_line(self, tag: str) -> None:
        if tag in LINE_BREAKING:
            self.pieces.append("\n")


def _parse_locales(stream: IO[bytes], form: HtmlPages, source: str) -> dict[str, dict[str, Any]]:
    try:
        value = json.loads(stream.read())
    except ValueError as error:
        raise UserError(f"{source} is not JSON in UTF-8 ({error}); correct `member` or `format`") from None
    wanted = {form.locale, *form.locales}
    found = [name for name, pages in value.items() if isinstance(pages, dict)] if isinstance(value, dict) else []
    if missing := sorted(wanted - set(found)):
        listed = ", ".join(found) or "none"
        raise UserError(f"{source} has no locale {', '.join(missing)}; it has {listed}; correct `locale` and `locales`")
    return {name: value[name] for name in wanted}
