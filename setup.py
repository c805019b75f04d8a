"""The compiled kernel, an optional part of the package: everything else about it is in pyproject.toml.

It is plain C without Python's headers, loaded with ctypes. Where it cannot be built the package works without it, by
way of torch. Flags hold for every processor of the family: code for newer ones is chosen at run time.
"""

from pathlib import Path

from setuptools import Extension, setup

CSRC = Path("src/tenbin/kernels/csrc")

setup(
    ext_modules=[
        Extension(
            "tenbin.kernels._lce",
            sources=sorted(map(str, CSRC.glob("*.c"))),
            depends=sorted(map(str, CSRC.glob("*.h"))),
            extra_compile_args=["-O3", "-std=gnu11", "-fvisibility=hidden"],
            libraries=["m", "pthread"],
            optional=True,
        )
    ]
)
