"""Arrays on disk: .npy without pickle and safetensors, with a failing disk told as an OSError.

numpy and safetensors report a full disk in words of their own; here it keeps its errno, so that the
user reads one line that says what to do.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.files import atomic_path

OS_ERROR = re.compile(r"os error (\d+)")


def write_npy(path: Path, array: NDArray[Any]) -> None:
    """Write one array whole or not at all, the bytes of `numpy.save`."""
    contiguous = np.ascontiguousarray(array)
    with atomic_path(path) as partial, partial.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(contiguous))
        stream.write(contiguous.data)


def write_safetensors(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: dict[str, str] | None = None) -> None:
    """Write named arrays in the safetensors format; a reader of the folder must not see `path` before it is whole."""
    from safetensors import SafetensorError  # noqa: PLC0415  # most users of this module write .npy alone
    from safetensors.numpy import save_file  # noqa: PLC0415

    try:
        save_file(dict(arrays), path, metadata=metadata)
    except SafetensorError as error:
        number = OS_ERROR.search(str(error))
        if not number:
            raise
        raise OSError(int(number[1]), str(error), str(path)) from None
