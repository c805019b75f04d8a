"""Tables for a terminal and in Markdown."""

from tenbin.pricing.spelling import count
from tenbin.pricing.tables import Column, Field, Table, summed, tabulate, write_markdown, write_text

TABLE = Table(
    "Fruit",
    [
        Column("name", ["pear", "all"], right=False),
        Column("how many there are", ["1,000,000", "1,000,000"]),
    ],
    notes=["A note."],
    total_rows=1,
)


def test_the_terminal_breaks_headings_and_sets_totals_apart() -> None:
    assert write_text(TABLE).splitlines() == [
        "Fruit",
        "=====",
        "       how many",
        "name  there are",
        "---------------",
        "pear  1,000,000",
        "---------------",
        "all   1,000,000",
        "- A note.",
    ]


def test_markdown_is_a_table_of_its_own() -> None:
    assert write_markdown(TABLE).splitlines() == [
        "## Fruit",
        "",
        "| name | how many there are |",
        "| :--- | ---: |",
        "| pear | 1,000,000 |",
        "| all | 1,000,000 |",
        "",
        "- A note.",
    ]


def test_a_bar_in_a_cell_does_not_break_markdown() -> None:
    table = Table("x", [Column("a", ["b|c"])])
    assert "| b\\|c |" in write_markdown(table)
    assert "b|c" in write_text(table)


def test_long_notes_are_wrapped_on_the_terminal_only() -> None:
    table = Table("x", [Column("a", ["b"])], notes=["word " * 50])
    assert all(len(line) <= 120 for line in write_text(table).splitlines())
    assert any(len(line) > 200 for line in write_markdown(table).splitlines())


def test_a_table_without_columns_is_its_notes() -> None:
    table = Table("Nothing", [], ["All is well."])
    assert write_text(table).splitlines() == ["Nothing", "=======", "- All is well."]
    assert "|" not in write_markdown(table)


def test_columns_that_stay_empty_are_left_out_and_totals_are_one_row() -> None:
    entries = [("pear", 1, None), ("plum", 2, None)]
    fields = [
        Field("name", lambda entry: entry[0], lambda _: "all", right=False),
        summed("number", count, lambda entry: entry[1]),
        summed("weight", count, lambda entry: entry[2]),
    ]
    table = tabulate("Fruit", entries, fields)
    assert [column.heading for column in table.columns] == ["name", "number"]
    assert table.rows() == [("pear", "1"), ("plum", "2"), ("all", "3")]
    assert table.total_rows == 1


def test_without_totals_there_is_no_such_row() -> None:
    table = tabulate("Fruit", ["pear"], [Field("name", str)])
    assert (table.rows(), table.total_rows) == ([("pear",)], 0)
