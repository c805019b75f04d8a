import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.corpora.splitting import digest_of, side_of
from tenbin.corpora.tally import Tally
from tenbin.corpora.translations import read_translations
from tenbin.study.corpora import TranslationTable

# id, ja, en, de
ROWS = [
    ("1", "知らない。", "I don't know.", "Ich weiß nicht."),
    ("2", "さあね。", "Who knows?", "-"),
    ("3", "分からない。", "I don't know.", ""),
    ("4", " 誰が知る。", "Who knows? ", "Wer weiß?"),
    ("5", "犬だ。", "It's a dog.", "-"),
    ("6", "-", "Only English.", "-"),
    ("7", "知らない。", "-", "Keine Ahnung."),
]


def table(column, columns=(1, 2, 3)):
    return TranslationTable(text_column=column, translation_columns=columns)


def read(rows, form, tally=None):
    content = "".join("\t".join(row) + "\n" for row in rows).encode()
    return list(read_translations(io.BytesIO(content), form, tally or Tally("table", 0)))


def groups_by_text(rows, column):
    return {document.text: document.group for document in read(rows, table(column))}


def test_documents_are_the_distinct_sentences_in_order_of_first_appearance():
    texts = [document.text for document in read(ROWS, table(1))]
    assert texts == ["知らない。", "さあね。", "分からない。", "誰が知る。", "犬だ。"]
    assert [document.text for document in read(ROWS, table(3))] == ["Ich weiß nicht.", "Wer weiß?", "Keine Ahnung."]


def test_sentences_joined_through_any_language_are_of_one_group():
    ja, en, de = (groups_by_text(ROWS, column) for column in (1, 2, 3))
    assert ja["知らない。"] == ja["分からない。"] == en["I don't know."] == de["Keine Ahnung."]
    assert ja["さあね。"] == ja["誰が知る。"] == de["Wer weiß?"]
    assert len({ja["知らない。"], ja["さあね。"], ja["犬だ。"], en["Only English."]}) == 4


def test_one_spelling_in_two_languages_joins_nothing():
    groups = groups_by_text([("1", "OK", "Fine.", "-"), ("2", "よし", "OK", "-")], 1)
    assert groups["OK"] != groups["よし"]


def test_rows_and_groups_are_counted():
    tally = Tally("table", 0)
    read(ROWS, table(2), tally)
    assert tally.details["translations"] == {
        "rows": 7,
        "repeated_sentences": 2,
        "sentences": 12,
        "groups": 4,
        "largest_group_sentences": 5,
    }


def test_short_rows_and_broken_text_are_unreadable():
    tally = Tally("table", 1)
    content = "1\t猫\tcat\t-\n2\t犬\n".encode() + b"3\t\xff\tdog\t-\n"
    documents = list(read_translations(io.BytesIO(content), table(1), tally))
    assert [document.text for document in documents] == ["猫"]
    assert tally.examples == ["line 2: too few columns (2 of 4)", "line 3: not UTF-8 (byte 3)"]


sentences = st.sampled_from(["-", *"abcdefgh"])
random_rows = st.lists(st.tuples(st.just("0"), sentences, sentences, sentences), max_size=25)


@settings(max_examples=60, deadline=None)
@given(rows=random_rows)
def test_no_row_ever_lies_on_both_sides(rows):
    groups = {column: groups_by_text(rows, column) for column in (1, 2, 3)}
    for row in rows:
        of_row = [groups[column][row[column]] for column in (1, 2, 3) if row[column] != "-"]
        assert len({side_of(digest_of(group), 0.5) for group in of_row}) <= 1


@settings(max_examples=60, deadline=None)
@given(rows=random_rows, data=st.data())
def test_sides_do_not_depend_on_the_order_of_rows(rows, data):
    shuffled = data.draw(st.permutations(rows))
    assert groups_by_text(shuffled, 1) == groups_by_text(rows, 1)


def test_a_giant_group_is_reported(capsys):
    rows = [(str(number), f"文{number}", "Hello.", "-") for number in range(1200)]
    read(rows, table(1))
    assert "one group of translations holds 1201 of 1201 sentences" in capsys.readouterr().err


@pytest.mark.parametrize("column", [1, 2])
def test_a_table_without_rows_has_no_documents(column):
    assert read([], table(column)) == []
