"""The committed JSON schema is the one the models give, and every key in it is described."""

import json
from pathlib import Path
from typing import Any

from tenbin.study.schema import config_schema


def test_the_committed_schema_is_generated(repository: Path) -> None:
    committed = json.loads((repository / "schemas" / "config.schema.json").read_text(encoding="utf-8"))
    assert committed == config_schema(), "run `make schema`"


def test_config_files_name_the_schema_for_editors(repository: Path) -> None:
    first = (repository / "config.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=schemas/config.schema.json"


def test_every_field_is_described() -> None:
    undescribed = [name for name, field in fields(config_schema()) if "description" not in field]
    assert not undescribed


def fields(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    models = {"Study": schema, **schema["$defs"]}
    return [
        (f"{model}.{name}", field)
        for model, definition in models.items()
        for name, field in definition.get("properties", {}).items()
        if name != "kind"
    ]
