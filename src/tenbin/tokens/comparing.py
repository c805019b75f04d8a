"""A fast encoder that is held against the reference while it works.

Some documents at the beginning of a shard and a thousandth of the characters of all that follow are encoded by
both libraries, beside the shard's own, in the same call. One id that differs, and the whole shard is the
reference's. At a twentieth of the speed, a thousandth of the text costs a fiftieth of the time.
"""

import sys

import numpy as np

from tenbin.tokens.encoders import CannotEncodeError, EncodedTexts, Encoder, FastEncoder, ReferenceEncoder
from tenbin.tokens.tokenizer import TokenizerFile

FIRST_TEXTS = 64
FIRST_CHARACTERS = 1 << 10
EVERY_TEXT = 1 << 9
SHARE_OF_CHARACTERS = 1 << 10
"""Characters of the text to one that is compared."""


class ComparedEncoder:
    """A fast encoder, with the reference looking over its shoulder."""

    def __init__(self, fast: Encoder, reference: Encoder) -> None:
        self.name = fast.name
        self._fast = fast
        self._reference = reference
        self._encoded_texts = 0

    def encode_batch(self, texts: list[str]) -> EncodedTexts:
        """Return the ids of the texts.

        Raises CannotEncodeError if the ids of the sample differ, naming the document by its number from 1.
        """
        first = 0 if self._encoded_texts else FIRST_TEXTS
        sample = choose_sample(texts, first)
        encoded = self._fast.encode_batch([*texts, *sample.values()])
        expected = self._reference.encode_batch(list(sample.values()))
        for place, number in enumerate(sample):
            if not np.array_equal(encoded.text(len(texts) + place), expected.text(place)):
                where = f"document {self._encoded_texts + number + 1}"
                raise CannotEncodeError(f"{self.name} gives other ids than {self._reference.name} in {where}")
        self._encoded_texts += len(texts)
        ends = encoded.ends[: len(texts)]
        return EncodedTexts(encoded.ids[: ends[-1]], ends)


def choose_sample(texts: list[str], first: int) -> dict[int, str]:
    """Return what to compare of a batch, by the number of the text: some first texts and some spread ones, cut.

    A text is cut to what stands in its middle, for the beginnings of documents are much alike.
    """
    spread = range(0, len(texts), EVERY_TEXT)
    room = sum(map(len, texts)) // SHARE_OF_CHARACTERS // len(spread)
    sample = {number: _cut_middle(texts[number], room) for number in spread}
    return sample | {number: _cut_middle(text, FIRST_CHARACTERS) for number, text in enumerate(texts[:first])}


def _cut_middle(text: str, characters: int) -> str:
    start = max(0, len(text) - characters) // 2
    return text[start : start + characters]


def choose_encoder(tokenizer: TokenizerFile, threads: int) -> Encoder:
    """Return the fast encoder where it can be trusted with the tokenizer, else the reference, and a line why."""
    reference = ReferenceEncoder(tokenizer, threads)
    try:
        return ComparedEncoder(FastEncoder(tokenizer, threads), reference)
    except CannotEncodeError as reason:
        print(f"notice: {tokenizer.path} is encoded by {reference.name}: {reason}", file=sys.stderr, flush=True)
        return reference
