"""Arrays on disk are numpy's and safetensors' own bytes, and a full disk is an OSError with its errno."""

import errno
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays, integer_dtypes
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tenbin.arrays import write_npy, write_safetensors


@given(arrays(integer_dtypes(endianness="<"), array_shapes(max_dims=2)))
def test_npy_files_are_the_bytes_of_numpy(array: NDArray[Any]) -> None:
    expected = io.BytesIO()
    np.save(expected, array, allow_pickle=False)
    with tempfile.TemporaryDirectory() as folder:
        write_npy(Path(folder, "a.npy"), array)
        assert Path(folder, "a.npy").read_bytes() == expected.getvalue()


def test_safetensors_read_back(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a.safetensors", {"w": np.arange(6, dtype=np.float32).reshape(2, 3)})
    assert load_file(tmp_path / "a.safetensors")["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_full_disk_keeps_its_errno(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_the_disk(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.numpy.save_file", fill_the_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        write_safetensors(tmp_path / "a.safetensors", {"w": np.zeros(1, np.float32)})
    assert caught.value.errno == errno.ENOSPC
