"""Documents out of a table of translated sentences, and groups of them that the split must not cut.

A sentence has several translations and each of these several more. If one were learnt from and
another tested on, the test would be easier than it looks, for a model that reads both languages most of
all. Rows that share a sentence are therefore joined into groups, the connected components of the
graph whose nodes are the sentences of all languages, and a group lies on one side as a whole.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO

from tenbin.corpora.records import numbered_lines
from tenbin.corpora.retries import notice
from tenbin.corpora.tally import Document, Tally
from tenbin.study.corpora import TranslationTable

Sentence = tuple[int, str]
"""Column and text: one spelling in two languages is two sentences."""
ABSENT = ("", "-")
# A group above this share of all sentences could move the split away from its configured share.
LARGE_GROUP_SHARE = 0.005


def read_translations(stream: IO[bytes], table: TranslationTable, tally: Tally) -> Iterator[Document]:
    """Yield the distinct sentences of a table's text column in order of first appearance, with their groups."""
    groups = Groups()
    numbers: dict[str, int] = {}
    filled_cells = 0
    for row in _read_rows(stream, table, tally):
        in_row = {column: groups.number((column, row[column])) for column in row}
        groups.join(list(in_row.values()))
        if table.text_column in row:
            filled_cells += 1
            numbers.setdefault(row[table.text_column], in_row[table.text_column])
    statistics = {"rows": tally.records, "repeated_sentences": filled_cells - len(numbers), **groups.statistics()}
    _warn_of_large_group(tally.source, statistics)
    tally.details["translations"] = statistics
    names = groups.names()
    for text, number in numbers.items():
        yield Document(text, group=names[number])


class Groups:
    """Connected components of sentences, by union-find with path halving (Tarjan and van Leeuwen 1984)."""

    def __init__(self) -> None:
        self._numbers: dict[Sentence, int] = {}
        self._parents: list[int] = []

    def number(self, sentence: Sentence) -> int:
        """Return the number of a sentence, a new one at its first appearance."""
        number = self._numbers.setdefault(sentence, len(self._parents))
        if number == len(self._parents):
            self._parents.append(number)
        return number

    def join(self, numbers: Sequence[int]) -> None:
        """Put sentences into one group."""
        for number in numbers[1:]:
            first, second = self._root(numbers[0]), self._root(number)
            self._parents[max(first, second)] = min(first, second)

    def names(self) -> list[str]:
        """Return the name of each sentence's group: its smallest sentence, whatever the order of the rows."""
        smallest: dict[int, Sentence] = {}
        for sentence, number in self._numbers.items():
            root = self._root(number)
            if root not in smallest or sentence < smallest[root]:
                smallest[root] = sentence
        spelled = {root: f"{column}\t{text}" for root, (column, text) in smallest.items()}
        return [spelled[self._root(number)] for number in range(len(self._parents))]

    def statistics(self) -> dict[str, int]:
        """Return the number of sentences of all columns, of groups, and of sentences in the largest group."""
        sizes = Counter(self._root(number) for number in range(len(self._parents)))
        return {
            "sentences": len(self._parents),
            "groups": len(sizes),
            "largest_group_sentences": max(sizes.values(), default=0),
        }

    def _root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number


def _read_rows(stream: IO[bytes], table: TranslationTable, tally: Tally) -> Iterator[dict[int, str]]:
    """Yield column -> sentence of each readable row, empty cells left out."""
    needed = max(table.translation_columns) + 1
    for line_number, line in numbered_lines(stream):
        tally.records += 1
        try:
            cells = line.decode().split("\t")
        except UnicodeDecodeError as error:
            tally.reject("not UTF-8", f"line {line_number}", f"byte {error.start + 1}")
            continue
        if len(cells) < needed:
            tally.reject("too few columns", f"line {line_number}", f"{len(cells)} of {needed}")
            continue
        stripped = ((column, cells[column].strip()) for column in table.translation_columns)
        yield {column: sentence for column, sentence in stripped if sentence not in ABSENT}


def _warn_of_large_group(source: str, statistics: dict[str, int]) -> None:
    largest, sentences = statistics["largest_group_sentences"], statistics["sentences"]
    if largest > max(LARGE_GROUP_SHARE * sentences, 1000):
        notice(
            f"{source}: one group of translations holds {largest} of {sentences} sentences, "
            "so the split can stray from valid_share"
        )
