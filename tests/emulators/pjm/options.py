"""pjsub's options, from the command line and from the #PJM lines of a script; the command line wins."""

from typing import Any

from emulators.pjm.command import RefusedError, message, unknown_option, with_hint

FLAGS = ("-j", "-s", "-S", "-X", "--restart", "--norestart", "--bulk", "--step", "--interact", "--mswk", "--verbose")
VALUED = (
    *("-L", "-N", "-o", "-e", "-g", "-x", "-w", "-z", "-m", "-p", "-P", "--spath", "--mpi", "--omp", "--mail-list"),
    *("--comment", "--fs", "--appname", "--sparam", "--llio"),
)
SAME = {
    "--rsc-list": "-L",
    "--name": "-N",
    "--out": "-o",
    "--err": "-e",
    "--gname": "-g",
    "--gid": "-g",
    "--stats": "-s",
    "--STATS": "-S",
}
MERGED = ("-L", "-x", "--mpi", "--omp")
"""Take several `name=value`, each of which counts on its own."""
SAME_RESOURCE = {"rg": "rscgrp", "ru": "rscunit"}
LONGEST_LINE = 4096

Options = dict[str, Any]


def parse_words(words: list[str]) -> tuple[Options, list[str]]:
    """Return options, and the words that are none."""
    options: Options = {}
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, value = _split(word)
        if name in FLAGS and value is None:
            options[name] = True
        elif name in FLAGS and not word.startswith("--"):
            options[name] = True
            waiting.insert(0, f"-{value}")
        elif name in VALUED:
            _add(options, name, _argument(name, value, waiting))
        else:
            raise unknown_option("pjsub", word)
    return options, rest


def parse_script(text: str, path: str) -> Options:
    """Return the options of the #PJM lines; those after the script's first command are mere comments."""
    options: Options = {}
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) >= LONGEST_LINE:
            raise RefusedError(message("pjsub", 25, f"Line length too long.\nScript file {path} line {number}."))
        if line.startswith("#PJM") and line[4:5].strip() == "":
            found, rest = parse_words(_words(line[4:], path, number))
            if rest:
                raise RefusedError(message("pjsub", 9, f"Invalid argument: {rest[0]}."))
            options = merge(options, found)
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return options


def merge(earlier: Options, later: Options) -> Options:
    """Return both; the later one wins, within a list of resources for each of them."""
    both = {name: earlier[name] | later[name] for name in MERGED if name in earlier and name in later}
    return earlier | later | both


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return SAME.get(name, name), value if equals else None
    return word[:2], word[2:] or None


def _argument(name: str, value: str | None, waiting: list[str]) -> str:
    if value is not None:
        return value
    if name == "-z" and waiting[:1] != ["jid"]:
        return ""
    if not waiting or waiting[0].startswith("-"):
        raise unknown_option("pjsub", name)
    return waiting.pop(0)


def _add(options: Options, name: str, value: str) -> None:
    if name not in MERGED:
        options[name] = value
        return
    pairs = [item.partition("=") for item in _items(value)]
    for key, equals, text in pairs:
        if not (key and equals and text):
            raise with_hint("pjsub", 3, f"Unknown option argument: {name} {value}.")
        options.setdefault(name, {})[SAME_RESOURCE.get(key, key)] = text


def _items(value: str) -> list[str]:
    """Split at commas; what has no `=` belongs to the value before it, as in `-x A=1,2`."""
    items: list[str] = []
    for part in value.split(","):
        if "=" in part or not items:
            items.append(part.strip())
        else:
            items[-1] += f",{part}"
    return items


def _words(line: str, path: str, number: int) -> list[str]:
    """Split a line at blanks outside of quotation marks."""
    words: list[str] = []
    word, quote, begun = "", "", False
    for letter in f"{line} ":
        if quote and letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            quote, begun = letter, True
        elif quote or not letter.isspace():
            word, begun = word + letter, True
        elif begun:
            words.append(word)
            word, begun = "", False
    if quote:
        text = f"Option arguments must be enclosed in quotation mark.\nScript file {path} line {number}."
        raise RefusedError(message("pjsub", 8, text))
    return words
