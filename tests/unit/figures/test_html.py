from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.figures.html import Column, findings, page, section, table


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag == "td"
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
@settings(deadline=None, max_examples=40)
def test_any_text_in_a_cell_comes_back_as_text(text: str) -> None:
    parser = Cells()
    parser.feed(table([Column("a")], [[text]]))
    parser.close()
    assert parser.cells == [text]


def test_markup_is_escaped_everywhere() -> None:
    evil = "<script>alert('x')</script>"
    parts = [findings([evil]), table([Column(evil)], [[evil]], caption=evil)]
    html = page(evil, [section(evil, evil, *parts)])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 8


def test_a_page_asks_for_nothing_from_elsewhere() -> None:
    html = page("t", [section("h", "p")])
    assert not [word for word in ("http", "src=", "href=", "url(", "@import") if word in html]


def test_a_line_parts_rows_whose_first_cell_differs() -> None:
    html = table([Column("size"), Column("loss", "number")], [["1", "a"], ["1", "b"], ["2", "c"]])
    assert html.count('class="first"') == 1
