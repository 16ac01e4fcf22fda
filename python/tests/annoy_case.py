"""What the tests of Annoy's behaviour share.

They run against whichever library `import annoy` finds: ours, or Annoy 1.17.3 from PyPI, which proves that what they
expect is what Annoy does. Where ours is better on purpose, a test or a line of it is for ours only and says why.
"""

import contextlib
import os
import random
import tempfile
import unittest

import annoy
from annoy import AnnoyIndex

# Annoy itself has no canopy.
OURS = hasattr(annoy, "Canopy")

# What Python says, in 3.9 in other words, of something that is no integer.
NO_INTEGER = "object cannot be interpreted as an integer|an integer is required|integer argument expected"

METRICS = ("angular", "euclidean", "manhattan", "hamming", "dot")


def mended(why):
    """Marks a test of something that Annoy does worse: Annoy itself would fail it, hang in it or crash."""
    return unittest.skipUnless(OURS, f"mended, Annoy differs: {why}")


def vectors(n, f, seed=1, metric="euclidean"):
    """n random lists of f floats that float32 holds exactly; of bits for hamming."""
    rng = random.Random(seed)
    if metric == "hamming":
        return [[float(rng.randrange(2)) for _ in range(f)] for _ in range(n)]
    return [[rng.randrange(-512, 512) / 64 for _ in range(f)] for _ in range(n)]


def index_of(rows, metric="euclidean", trees=10, seed=None):
    """An index of rows with ids 0, 1, …; built unless trees is None."""
    index = AnnoyIndex(len(rows[0]), metric)
    if seed is not None:
        index.set_seed(seed)
    for i, row in enumerate(rows):
        index.add_item(i, row)
    if trees is not None:
        index.build(trees)
    return index


class AnnoyCase(unittest.TestCase):
    """Each test runs in an empty folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    @contextlib.contextmanager
    def raises(self, kind, message):
        """Expects an exception of this very class with this very message."""
        with self.assertRaises(kind) as caught:
            yield
        self.assertIs(type(caught.exception), kind)
        self.assertEqual(str(caught.exception), message)

    def assertNear(self, got, want, relative=1e-6, absolute=1e-6):
        """Two numbers or lists of numbers agree as far as float32 goes."""
        if isinstance(want, (int, float)):
            got, want = [got], [want]
        self.assertEqual(len(got), len(want))
        for i, (a, b) in enumerate(zip(got, want)):
            self.assertLessEqual(abs(a - b), max(relative * abs(b), absolute), f"number {i}: {a}, not {b}")
