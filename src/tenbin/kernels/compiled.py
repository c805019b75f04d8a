"""The compiled kernel: a shared library of plain C beside this file, loaded with ctypes.

It holds several paths, one for each kind of processor and numerics; which of them can run is known only here, at run
time. The library is built at installation where there is a C compiler and is absent otherwise. Sources: `csrc/`.
"""

import ctypes
import sysconfig
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from tenbin.errors import UserError
from tenbin.kernels.inputs import Sums

LIBRARY = Path(__file__).with_name("_lce" + (sysconfig.get_config_var("EXT_SUFFIX") or ".so"))
LOSS, ATTENTION = "lce", "attention"
"""Kernels of the library, by which the names of their functions begin."""
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64


@cache
def supported_paths(kernel: str = LOSS) -> dict[str, int]:
    """Return the number of each path of a kernel that this processor can run, by name, best first.

    There are none without the library. Raises what `load_library` does.
    """
    library = load_library()
    paths = {}
    number = 0
    while library and (name := getattr(library, f"{kernel}_path_name")(number)):
        if getattr(library, f"{kernel}_path_supported")(number):
            paths[name.decode()] = number
        number += 1
    return paths


def token_losses(path: str, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return the loss in nats of every row [n], float32; 0 where the target is negative."""
    losses = torch.empty(len(hidden))
    _run(path, (hidden, weight, targets), (losses, None, None))
    return losses


def loss_and_gradients(path: str, hidden: Tensor, weight: Tensor, targets: Tensor) -> Sums:
    """Return the mean loss over rows whose target is not negative, every row's loss, and both gradients of the mean."""
    outputs = torch.empty(len(hidden)), torch.empty(hidden.shape), torch.empty(weight.shape)
    mean = _run(path, (hidden, weight, targets), outputs)
    return Sums(torch.tensor(mean, dtype=torch.float64), *outputs)


def _run(
    path: str, inputs: tuple[Tensor, Tensor, Tensor], outputs: tuple[Tensor, Tensor | None, Tensor | None]
) -> float:
    """Fill losses and, where given, both gradients; return the mean loss. Threads are those of torch."""
    library = load_library()
    assert library is not None
    hidden, weight, _ = contiguous = [tensor.contiguous() for tensor in inputs]
    pointers = [None if tensor is None else tensor.data_ptr() for tensor in (*contiguous, *outputs)]
    sizes = (*hidden.shape, len(weight))
    mean = ctypes.c_double()
    if library.lce_run(supported_paths()[path], torch.get_num_threads(), *sizes, *pointers, ctypes.byref(mean)):
        raise MemoryError(f"no memory for the loss of {sizes[0]} tokens: choose a smaller micro_batch")
    return mean.value


@cache
def load_library() -> ctypes.CDLL | None:
    """Return the library with its functions' types declared, None if it was not built.

    Raises UserError if it lacks a function, because it was built from older sources.
    """
    if not LIBRARY.exists():
        return None
    library = ctypes.CDLL(str(LIBRARY))
    try:
        _declare(library)
    except AttributeError as error:
        raise UserError(
            f"{LIBRARY} was built from older sources than the Python code beside it ({error}): "
            "build it anew with `make install` or `pip install -e .`"
        ) from error
    return library


def _declare(library: ctypes.CDLL) -> None:
    for kernel in (LOSS, ATTENTION):
        getattr(library, f"{kernel}_path_name").restype = ctypes.c_char_p
        getattr(library, f"{kernel}_path_supported").restype = ctypes.c_int
    library.lce_run.argtypes = [ctypes.c_int, ctypes.c_int, *[_SIZE] * 3, *[_POINTER] * 7]
    library.attention_run.argtypes = [ctypes.c_int, ctypes.c_int, *[_SIZE] * 5, *[_POINTER] * 6]
