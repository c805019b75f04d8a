"""From YAML files to a checked Study, or to one message that names file, line and key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tenbin.errors import UserError
from tenbin.study.model import Study

MESSAGES = {
    "extra_forbidden": "unknown key; look for a misspelling",
    "missing": "missing",
}
KEY_IN_MESSAGE = ": "


def read_study(config: Mapping[str, Any], files: Sequence[Path]) -> Study:
    """Validate a merged configuration; `files` are the YAML files it came from, the strongest last.

    Raises UserError naming file, line, key and what is right for every mistake found.
    """
    try:
        return Study.model_validate(config)
    except ValidationError as error:
        raise UserError("; ".join(_describe(detail, files) for detail in error.errors())) from None


def load_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file into a mapping.

    Raises UserError naming file and line if it is absent, malformed or no mapping.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: holds no mapping of keys")
    return value


def _describe(detail: ErrorDetails, files: Sequence[Path]) -> str:
    key, message = _key_and_message(detail)
    where = _locate(key.split("."), files)
    found = "" if isinstance(detail["input"], dict | list | tuple) else f" (found {detail['input']!r})"
    return f"{where}{key}: {message}{found}"


def _key_and_message(detail: ErrorDetails) -> tuple[str, str]:
    """Return the dotted key and the message; checks between entries name their key in front of the message."""
    message = MESSAGES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    location = _without_union_tags([str(part) for part in detail["loc"] if part != "[key]"])
    if not location and KEY_IN_MESSAGE in message:
        key, message = message.split(KEY_IN_MESSAGE, 1)
        return key, message
    return ".".join(location), message


def _without_union_tags(location: list[str]) -> list[str]:
    """Drop the `kind` that pydantic puts after an entry of several kinds: corpora.ID.KIND, ....format.KIND."""
    tags = {2} if location[:1] in (["corpora"], ["tokenizers"]) else set()
    tags |= {place + 1 for place, part in enumerate(location) if part == "format" and place >= 2}
    return [part for place, part in enumerate(location) if place not in tags]


def _locate(keys: Sequence[str], files: Sequence[Path]) -> str:
    """Return `file:line: ` of the deepest of these nested keys, in the strongest file that has most of them."""
    best, place = 0, ""
    for path in files:
        node = yaml.compose(path.read_text(encoding="utf-8"))
        depth, line = _descend(node, keys)
        if depth and depth >= best:
            best, place = depth, f"{path}:{line}: "
    return place


def _descend(node: yaml.Node | None, keys: Sequence[str]) -> tuple[int, int]:
    """Return how many of the nested keys exist below a YAML node and the line (from 1) of the last of them."""
    line = 0
    for depth, key in enumerate(keys):
        child, child_line = _child(node, key)
        if child is None:
            return depth, line
        node, line = child, child_line
    return len(keys), line


def _child(node: yaml.Node | None, key: str) -> tuple[yaml.Node | None, int]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value, name.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
        item = node.value[int(key)]
        return item, item.start_mark.line + 1
    return None, 0
