"""Snakemake's own tests for executor plugins, with jobs under the emulated PJM."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pjm_runs import emulated
from snakemake.common.tests import TestWorkflowsLocalStorageBase

from snakemake_executor_plugin_pjm import ExecutorSettings

pytestmark = pytest.mark.slow


class TestPjm(TestWorkflowsLocalStorageBase):
    __test__ = True

    @pytest.fixture(autouse=True)
    def _pjm(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        folder: Path = tmp_path_factory.mktemp("pjm")
        with emulated(folder) as pjm:
            for name, value in pjm.environment().items():
                monkeypatch.setenv(name, value)
            yield

    def get_executor(self) -> str:
        return "pjm"

    def get_executor_settings(self) -> ExecutorSettings:
        return ExecutorSettings(rscgrp="small", min_poll_seconds=0.5)
