"""The JSON schema of a config, for editors; generated, never written by hand."""

from typing import Any

from tenbin.study.model import Study


def config_schema() -> dict[str, Any]:
    """Return the JSON schema of the whole config, every key with its description."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Study.model_json_schema(mode="validation")
