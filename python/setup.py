"""Builds the extension, which needs a C compiler, and the library behind it, which needs Go.

From Python 3.11 on the extension is of the stable ABI: one wheel is for all later versions.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import SetupError

HERE = Path(__file__).resolve().parent
# The Go module: that of the repository, or of a source distribution its copy.
MODULE = HERE / "go" if (HERE / "go" / "go.mod").exists() else HERE.parent
LIBRARY = "_libannoy.dll" if os.name == "nt" else "_libannoy.so"
# Of the stable ABI, with the buffer protocol in it.
STABLE = sys.version_info >= (3, 11) and not getattr(sys, "abiflags", "").count("t")


def wanted_go():
    """The version of Go that go.mod asks for."""
    return re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.M).groups()


def find_go():
    """Go's command and C's, or an error that says what is missing."""
    go = os.environ.get("GO") or shutil.which("go") or next((p for p in ("/usr/local/go/bin/go",) if os.access(p, os.X_OK)), None)
    if go is None:
        raise SetupError(
            "annoy-go: Go is missing, which this needs to be built from source: install Go %s.%s or later from https://go.dev/dl/ "
            "and put it on the PATH, or install a wheel" % wanted_go()
        )
    return go


def build_library(to):
    if not (MODULE / "go.mod").exists():
        raise SetupError(f"annoy-go: the Go sources are missing: {MODULE} has no go.mod. Install from a clone of the repository: pip install ./python")
    env = dict(os.environ, CGO_ENABLED="1")
    env.pop("GOFLAGS", None)
    command = [
        find_go(), "build", "-tags", "clib", "-buildmode=c-shared", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(to), "./python/clib",
    ]
    print(" ".join(command), flush=True)
    result = subprocess.run(command, cwd=MODULE, env=env, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(result.stderr)
    if result.returncode != 0:
        if "C compiler" in result.stderr or "gcc" in result.stderr and "not found" in result.stderr:
            raise SetupError("annoy-go: a C compiler is missing, which Go needs for the library: install gcc or clang (Debian: apt install gcc libc6-dev)")
        raise SetupError("annoy-go: Go could not build the library; its messages are above")
    to.with_suffix(".h").unlink(missing_ok=True)  # that cgo writes


class BuildExt(build_ext):
    def run(self):
        find_go()  # before the C compiler, which is the lesser thing to miss
        super().run()
        folder = Path(self.get_ext_fullpath("annoy._core")).parent
        folder.mkdir(parents=True, exist_ok=True)
        build_library(folder.resolve() / LIBRARY)

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except Exception as e:
            raise SetupError(
                f"annoy-go: the C extension could not be compiled: {e}. It needs a C compiler (gcc or clang) and Python's headers "
                "(Debian: apt install gcc libc6-dev python3-dev)"
            ) from e

    def get_outputs(self):
        folder = Path(self.get_ext_fullpath("annoy._core")).parent
        return super().get_outputs() + [str(folder / LIBRARY)]


def arguments():
    """What the compiler is told."""
    if os.name == "nt":
        return {"extra_compile_args": ["/std:c11", "/O2"]}
    return {
        "extra_compile_args": ["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-missing-field-initializers"],
        "libraries": ["dl", "pthread"] if sys.platform.startswith("linux") else [],
    }


setup(
    version=re.search(r'"(.+)"', (HERE / "annoy" / "_version.py").read_text()).group(1),
    cmdclass={"build_ext": BuildExt},
    ext_modules=[
        Extension(
            "annoy._core",
            sorted(str(p.relative_to(HERE)) for p in (HERE / "src").glob("*.c")),
            depends=sorted(str(p.relative_to(HERE)) for p in [*(HERE / "src").glob("*.h"), HERE / "clib" / "annoyclib.h"]),
            define_macros=[("Py_LIMITED_API", "0x030B0000")] if STABLE else [],
            py_limited_api=STABLE,
            **arguments(),
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {},
)
