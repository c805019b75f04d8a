"""The logger plugin that prints planned jobs: Snakemake finds it, and its lines are those the plan reads."""

import json
import logging
from typing import Any

import pytest
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from snakemake_logger_plugin_tenbin import LogHandler


class TestAsSnakemakeTestsPlugins(TestLogHandlerBase):
    """The tests that Snakemake offers for such plugins."""

    __test__ = True

    def get_log_handler_cls(self) -> type[LogHandler]:
        return LogHandler

    def get_log_handler_settings(self) -> None:
        return None


@pytest.fixture
def handler() -> LogHandler:
    return LogHandler(common_settings=MockOutputSettings(), settings=None)


def record(level: int = logging.INFO, message: str = "", **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "x", 1, message, None, None)
    vars(made).update(fields)
    return made


def test_snakemake_finds_it_by_its_name() -> None:
    assert LoggerPluginRegistry().is_installed("tenbin")


def test_a_job_is_one_line_of_json(handler: LogHandler, capsys: pytest.CaptureFixture[str]) -> None:
    job = {
        "event": "job_info",
        "rule_name": "write_mix",
        "wildcards": {"mix": "both"},
        "reason": "why",
        "output": ["a"],
        "resources": {"tmpdir": "/tmp", "queue": "share", "gpu": 1, "runtime": 720},  # noqa: S108
        "threads": 8,
    }
    handler.emit(record(**job))
    assert json.loads(capsys.readouterr().out) == {
        "rule": "write_mix",
        "wildcards": {"mix": "both"},
        "reason": "why",
        "asks": {"queue": "share", "gpu": 1, "runtime": 720, "threads": 8},
    }


def test_targets_and_chatter_are_left_out(handler: LogHandler, capsys: pytest.CaptureFixture[str]) -> None:
    handler.emit(record(event="job_info", rule_name="all", wildcards={}, reason="", output=[]))
    handler.emit(record(message="Building DAG of jobs..."))
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_errors_go_to_stderr(handler: LogHandler, capsys: pytest.CaptureFixture[str]) -> None:
    handler.emit(record(logging.ERROR, "MissingInputException"))
    assert capsys.readouterr().err == "MissingInputException\n"
