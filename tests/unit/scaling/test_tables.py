import csv
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.scaling.tables import parse_number, read_table


@pytest.fixture
def read(tmp_path):
    def call(content, columns=("n", "loss")):
        table = tmp_path / "runs.csv"
        table.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(table, columns)

    return call


@pytest.mark.parametrize(
    "content",
    [
        b"n,loss\n1e6,3\n1e7,2\n",
        b"\xef\xbb\xbfn,loss\r\n1e6,3\r\n1e7,2\r\n",
        b"n,loss\r1e6,3\r1e7,2\r",
        b'"n","loss"\n"1e6","3"\n"1e7","2"',
        b"n, loss\n1e6, 3\n 1e7 ,2 ,\n",
        b"n,loss,\n1e6,3,\n1e7,2,\n",
    ],
    ids=["plain", "mark-and-crlf", "cr", "quoted", "spaces", "trailing-comma"],
)
def test_what_spreadsheets_add_changes_nothing(read, content):
    rows = read(content)
    assert [row.line for row in rows] == [2, 3]
    assert [(parse_number(row.cells["n"]), parse_number(row.cells["loss"])) for row in rows] == [(1e6, 3), (1e7, 2)]


def test_lines_are_those_of_the_file(read):
    rows = read('\nn,note,loss\n1,a,2\n,,\n3,"b\nc",4\n5\n')
    assert [row.line for row in rows] == [3, 6, 7]
    assert rows[2].cells == {"n": "5", "note": "", "loss": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "runs.csv is empty; its first line must name the columns"),
        ("\n,,\n", "runs.csv is empty"),
        ("n;loss\n1;2\n", "line 1: no column n, loss; there are n;loss; semicolons separate them here"),
        ("n\tloss\n1\t2\n", "tabs separate them here: save the table with commas"),
        ("n,val\n1,2\n", "line 1: no column loss; there are n, val; name others by --columns KEY=COLUMN"),
        ("n,loss,loss\n1,2,3\n", "line 1: more than one column loss; rename all but one"),
        ("n,loss\n1,2\n1,000,000,3\n", "line 3: 4 cells under 2 columns; write numbers without thousands separators"),
        ('n,loss\n1,2\n"3,4\n', "after line 2: no CSV"),
        ("n,loss\n1,2\n".encode("utf-16"), "is no UTF-8 text"),
    ],
)
def test_what_cannot_be_meant_is_refused(read, content, message):
    with pytest.raises(UserError, match=re.escape(message)):
        read(content)


def test_folders_and_names_of_nothing_are_refused(tmp_path):
    for place in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UserError, match="is missing or no file"):
            read_table(place, ["n"])


TEXTS = st.text(st.sampled_from('n,los;"\n\r\t 1.e\ufeff'), max_size=60).map(str.encode)
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5),
    dialect=st.sampled_from(["excel", "unix"]),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_any_table_that_a_spreadsheet_writes_comes_back(read, rows, dialect, mark):
    stream = io.StringIO(newline="")
    csv.writer(stream, dialect).writerows([("n", "loss"), *rows])
    found = read(mark + stream.getvalue())
    stripped = [(n.strip(), loss.strip()) for n, loss in rows]
    assert [tuple(row.cells.values()) for row in found] == [row for row in stripped if any(row)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from([b"", b"n,loss\n", b"\xef\xbb\xbfloss,n,\r\n"]), content=st.binary(max_size=60) | TEXTS)
def test_any_bytes_are_read_or_refused(read, start, content):
    try:
        rows = read(start + content)
    except UserError:
        return
    assert all({"n", "loss"} <= row.cells.keys() and any(row.cells.values()) for row in rows)
