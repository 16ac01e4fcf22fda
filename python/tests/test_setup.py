"""What an installation from source says where something is missing."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from common import InFolder

PYTHON = pathlib.Path(__file__).resolve().parent.parent


class Missing(InFolder):
    def build(self, *tools):
        """Builds where there are no other commands than these; the last line of what it says."""
        for tool in tools:
            os.symlink(shutil.which(tool), self.path(tool))
        env = {k: v for k, v in os.environ.items() if k not in ("GO", "CC")}
        command = [sys.executable, "-W", "ignore", "setup.py", "-q", "build_ext", "--build-lib", self.path("lib"), "--build-temp", self.path("temp")]
        done = subprocess.run(command, cwd=PYTHON, env={**env, "PATH": self.folder}, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr.strip().splitlines()[-1]

    def test_go(self):
        self.assertRegex(self.build(), r"error: annoy-go: Go is missing, .* install Go 1\.\d+ or later from https://go.dev/dl/")

    def test_compiler(self):
        self.assertRegex(self.build("go"), "error: annoy-go: the C extension could not be compiled: .* It needs a C compiler .gcc or clang. and Python's headers")


if __name__ == "__main__":
    unittest.main()
