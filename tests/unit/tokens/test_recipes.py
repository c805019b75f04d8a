"""Outputs that decide a run do not move unless their recipe number does; the text is invented."""

import io
from hashlib import sha256
from pathlib import Path

import numpy as np

from tenbin import recipes
from tenbin.mixing.blend import build_blend
from tenbin.mixing.order import build_order, count_epochs
from tenbin.tokens.bpe import train_bpe
from tenbin.tokens.encoding import write_pair
from tenbin.tokens.mmap import open_index
from tenbin.tokens.tokenizer import read_tokenizer, write_record

TEXTS = [f"Cat {number} sat on mat {number * number}.\n{number}番目の猫が座った。" for number in range(40)] + [""]
CHANGED = "the bytes moved: raise the recipe number in tenbin/recipes.py, then this hash"


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def test_tokenizer_pair_order_and_blend_are_those_of_their_recipes(tmp_path: Path) -> None:
    tokenizer = train_bpe(TEXTS, 320)
    content = tokenizer.to_str(pretty=True).encode()
    assert (recipes.TOKENIZERS, digest(content)) == (1, "e8fce4c8b206f0fd"), CHANGED
    (tmp_path / "tokenizer.json").write_bytes(content)
    write_record(tmp_path / "record.json", tmp_path / "tokenizer.json", tokenizer, {"kind": "trained"})
    given = read_tokenizer(tmp_path / "tokenizer.json", tmp_path / "record.json")
    write_pair(TEXTS, given, tmp_path / "x.bin", tmp_path / "x.idx", threads=1)
    pair = digest((tmp_path / "x.bin").read_bytes() + (tmp_path / "x.idx").read_bytes())
    assert (recipes.TOKENS, pair) == (1, "f0bc49775a1bf017"), CHANGED
    sizes = open_index(tmp_path / "x.idx").sizes
    order = build_order(sizes, 16, count_epochs(int(sizes.sum()), 16, 200), seed=7)
    maps = io.BytesIO()
    for array in (order.doc_index, order.sample_index, order.shuffle_index, build_blend([0.2, 0.3, 0.5], 5000)):
        np.save(maps, array, allow_pickle=False)
    assert (recipes.ORDERS, digest(maps.getvalue())) == (1, "189b9a5d58d58cd1"), CHANGED
