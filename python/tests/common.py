"""What the tests share: small indexes, and running code in a process of its own."""

import os
import random
import subprocess
import sys
import tempfile
import textwrap
import unittest

from annoy import AnnoyIndex

DIM = 16


def vectors(count, dim=DIM, seed=1):
    r = random.Random(seed)
    return [[r.gauss(0, 1) for _ in range(dim)] for _ in range(count)]


def built(count=500, dim=DIM, metric="angular", trees=5, seed=1):
    index = AnnoyIndex(dim, metric)
    for i, v in enumerate(vectors(count, dim, seed)):
        index.add_item(i, v)
    index.build(trees)
    return index


class InFolder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name="x.ann"):
        return os.path.join(self.folder, name)

    def saved(self, *args, name="x.ann", **options):
        """An index that is a file."""
        index = built(*args, **options)
        index.save(self.path(name))
        return index


def run(code, *args, options=("-X", "dev", "-W", "error"), timeout=120, check=True, env=None):
    """Runs code in a new interpreter; nothing may be written on standard error."""
    command = [sys.executable, *options, "-c", textwrap.dedent(code), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})})
    if check and (done.returncode != 0 or done.stderr):
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
