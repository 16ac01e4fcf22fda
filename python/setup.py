"""Builds the extension, which needs a C compiler, and the library behind it, which needs Go.

From Python 3.11 on the extension is of the stable ABI: one wheel is for all later versions.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
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
    """Go's command, or an error that says what is missing."""
    go = shutil.which(os.environ.get("GO") or "go")
    if go is None:
        raise SetupError(
            "annoy-go: Go is missing, which this needs to be built from source: install Go %s.%s or later from https://go.dev/dl/ "
            "and put it on the PATH, or name it in GO, or install a wheel" % wanted_go()
        )
    return go


def build_library(to):
    if not (MODULE / "go.mod").exists():
        raise SetupError(f"annoy-go: the Go sources are missing: {MODULE} has no go.mod. Install from a clone of the repository: pip install ./python")
    command = [
        find_go(), "build", "-tags", "clib", "-buildmode=c-shared", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(to), "./python/clib",
    ]
    print(" ".join(command), flush=True)
    if subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "1"}).returncode != 0:
        raise SetupError("annoy-go: Go could not build the library: its messages are above")
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


class SDist(sdist):
    """A source distribution has the Go sources in its folder go."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        command = [find_go(), "list", "-deps", "-tags", "clib", "-json=Dir,Standard,Module,GoFiles,CgoFiles,HFiles,IgnoredGoFiles", "./python/clib"]
        listed = subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "1"}, check=True, capture_output=True, text=True).stdout
        found = [MODULE / "go.mod", MODULE / "go.sum"]
        # One object after another. Files that are ignored here are for other systems.
        decoder, at = json.JSONDecoder(), 0
        while at < len(listed.rstrip()):
            package, at = decoder.raw_decode(listed, at)
            at += len(listed[at:]) - len(listed[at:].lstrip())
            if package.get("Module", {}).get("Main"):
                folder = Path(package["Dir"])
                found += [folder / name for kind in ("GoFiles", "CgoFiles", "HFiles", "IgnoredGoFiles") for name in package.get(kind, [])]
                found += folder.glob("*.s")
        for path in {p for p in found if not p.name.endswith("_test.go")}:
            to = Path(base_dir, "go", path.relative_to(MODULE))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


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
    cmdclass={"build_ext": BuildExt, "sdist": SDist},
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
