"""Documents into a token pair, the whole way, against GPT-NeoX's own preprocess_data.py.

Both read one .jsonl.zst, write a .bin and an .idx with the 20B tokenizer on one thread, and must write the same bytes.
They take turns; a ratio is of neighbours. Imports are left out, for GPT-NeoX's take seconds; the loading of the
tokenizer counts. The text is the real one that tests are held against ($TENBIN_SHARED), 90 MB of either language.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import zstandard
from tokenizers import Tokenizer

from tenbin.files import read_json, record_file, write_json
from tenbin.tokens.tokenizer import write_record

LANGUAGES = {"en": "English", "ja": "Japanese"}
PROGRAMS = ("tenbin", "neox")
ROUNDS = 5
GOAL = ">= 15 x"
SHARED = Path(os.environ.get("TENBIN_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
PROBE = Path(__file__).with_name("tokenizing_probe.py")


def measure() -> list[tuple[str, str, str]]:
    """Return, per language, our text per processor second over GPT-NeoX's."""
    missing = find_missing()
    if missing:
        return [("tokenizing, whole pipeline, over GPT-NeoX's preprocess_data.py", f"not run: {missing}", GOAL)]
    return [attempt(language) for language in LANGUAGES]


def find_missing() -> str:
    """Return what is not on this machine, or nothing."""
    if not os.environ.get("TENBIN_NEOX_HOME"):
        return "$TENBIN_NEOX_HOME names no checkout of GPT-NeoX"
    return "" if (SHARED / "corpus").is_dir() else "$TENBIN_SHARED names no folder with the text"


def attempt(language: str) -> tuple[str, str, str]:
    """Return the row of one language, or why there is none: GPT-NeoX's program needs packages of its own."""
    try:
        return compare(language)
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1].replace("|", "/")
        return f"tokenizing {LANGUAGES[language]}, over GPT-NeoX's preprocess_data.py", f"did not run: {last}", GOAL


def compare(language: str) -> tuple[str, str, str]:
    """Return the row of one language."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, language)
        rounds = [[probe(folder, program) for program in PROGRAMS] for _ in range(ROUNDS)]
        ours, theirs = ([(folder / f"{name}{end}").read_bytes() for end in (".bin", ".idx")] for name in PROGRAMS)
        same = ours == theirs
        record = read_json(folder / "tenbin.json")
    megabytes = record["text_bytes"] / 1e6
    speeds = [megabytes / median(seconds) for seconds in zip(*rounds, strict=True)]
    ratio = median(theirs_s / ours_s for ours_s, theirs_s in rounds)
    return (
        f"tokenizing {megabytes:.0f} MB of {LANGUAGES[language]} by {record['encoder']}, jsonl.zst to .bin and .idx, "
        "over GPT-NeoX's preprocess_data.py",
        f"{ratio:.1f} x per processor second ({speeds[0]:.1f} and {speeds[1]:.1f} MB/s), "
        f"{'the same' if same else 'OTHER'} bytes",
        GOAL,
    )


def prepare(folder: Path, language: str) -> None:
    """Write the text as one shard, and the records of the shard and of the tokenizer."""
    shard = folder / "00000.jsonl.zst"
    with shard.open("wb") as stream, zstandard.ZstdCompressor(level=5).stream_writer(stream) as compressed:
        for part in sorted((SHARED / "corpus" / language).glob("train-*.jsonl.zst")):
            zstandard.ZstdDecompressor().copy_stream(part.open("rb"), compressed)
    write_json(folder / "00000.json", {"text_bytes": 0, "files": {"documents": record_file(shard)}})
    tokenizer = SHARED / "20B_tokenizer.json"
    write_record(folder / "tokenizer.json", tokenizer, Tokenizer.from_file(str(tokenizer)), {"kind": "given"})


def probe(folder: Path, program: str) -> float:
    """Tokenize in a process of its own; return processor seconds."""
    command = [sys.executable, str(PROBE), program, str(folder), str(SHARED / "20B_tokenizer.json")]
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "false"}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return float(json.loads(printed.splitlines()[-1]))
