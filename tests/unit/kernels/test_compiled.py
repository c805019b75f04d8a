"""The shared library: that it is there, what it offers, and how it lives with forks and missing memory."""

import os

import pytest
import torch
from kernel_builds import COMPILER, compile_c, use_library
from losses import example

from tenbin.errors import UserError
from tenbin.kernels import compiled
from tenbin.kernels.linear_cross_entropy import kernel_path, token_losses


@pytest.fixture
def library():
    if not compiled.supported_paths():
        pytest.skip("the package was installed without its compiled kernel")
    return compiled


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_where_there_is_a_compiler_the_library_is_built_and_some_path_runs():
    assert any(name.endswith("-fp32") for name in compiled.supported_paths())


def test_without_the_library_torch_computes(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "LIBRARY", tmp_path / "absent.so")
    monkeypatch.setattr(compiled, "load_library", compiled.load_library.__wrapped__)
    monkeypatch.setattr(compiled, "supported_paths", compiled.supported_paths.__wrapped__)
    assert compiled.supported_paths() == {}
    assert kernel_path() == "torch-chunked-fp32"
    assert token_losses(*example(10, 4, 20, 1.0)).isfinite().all()


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_a_library_older_than_the_python_code_is_refused(monkeypatch, tmp_path):
    (tmp_path / "old.c").write_text("int lce_path_name(void) { return 0; }\n")
    compile_c(tmp_path / "old.so", str(tmp_path / "old.c"), "-shared", "-fPIC")
    use_library(tmp_path / "old.so", monkeypatch)
    with pytest.raises(UserError, match=r"old\.so was built from older sources .*lce_path_supported.* `make install`"):
        token_losses(*example(10, 4, 20, 1.0))


def test_a_forked_process_computes_the_same(library, set_threads):
    inputs = example(300, 16, 500, 1.0)
    set_threads(2)
    path = next(iter(library.supported_paths()))
    expected = library.token_losses(path, *inputs)
    child = os.fork()
    if not child:
        os._exit(0 if torch.equal(library.token_losses(path, *inputs), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_memory_that_is_not_to_be_had_is_an_error(library):
    """Scratch memory grows with the width: claim one that no machine has, of tensors without memory of their own."""
    path = next(iter(library.supported_paths()))
    wide = torch.zeros(1, 1).expand(1, 1 << 45)
    sizes = (1, 1, 1 << 45, 1)
    pointers = [wide.data_ptr(), wide.data_ptr(), torch.zeros(1, dtype=torch.int64).data_ptr(), wide.data_ptr()]
    assert library.load_library().lce_run(library.supported_paths()[path], *sizes, *pointers, None, None, None)
