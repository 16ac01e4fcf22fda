"""Arrays of numpy as vectors, ids and counts, as Annoy 1.17.3 takes them, and the tutorial's lines from end to end."""

import json
import subprocess
import sys
import unittest
import warnings

from annoy import AnnoyIndex

from annoy_case import OURS, AnnoyCase

try:
    import numpy as np
except ImportError:
    np = None

TYPES = "float16 float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool >f4 >f8 >i2 object".split()


@unittest.skipIf(np is None, "numpy is not installed")
class Arrays(AnnoyCase):
    def setUp(self):
        super().setUp()
        self.index = AnnoyIndex(3, "euclidean")

    def check(self, vector, want):
        self.index.add_item(0, vector)
        self.assertEqual(self.index.get_item_vector(0), want)
        index = AnnoyIndex(3, "euclidean")
        for i in range(3):
            index.add_item(i, [want[0], want[1], want[2] + i])
        index.build(2)
        self.assertEqual(index.get_nns_by_vector(vector, 3, include_distances=True), ([0, 1, 2], [0.0, 1.0, 2.0]))

    def test_types(self):
        for name in TYPES:
            with self.subTest(name):
                self.check(np.array([1, 0, 1]).astype(name), [1.0, 0.0, 1.0])

    def test_values(self):
        self.check(np.array([0.5, -0.25, 65504], np.float16), [0.5, -0.25, 65504.0])
        self.check(np.array([2**-24, 2**-14, 3 * 2**-24], np.float16), [2**-24, 2**-14, 3 * 2**-24])
        self.check(np.array([1.5, 0.1, 2]), [1.5, float(np.float32(0.1)), 2.0])
        self.check(np.array([-128, 127, 0], np.int8), [-128.0, 127.0, 0.0])
        self.check(np.array([2**40, 1, 4], np.uint64), [2.0**40, 1.0, 4.0])
        self.check(np.array([-(2**62), 1, 3], np.int64), [-(2.0**62), 1.0, 3.0])

    def test_strides(self):
        block = np.arange(24, dtype=np.float32).reshape(4, 6)
        self.check(block[1, ::2], [6.0, 8.0, 10.0])
        self.check(block[1, 2::-1], [8.0, 7.0, 6.0])
        self.check(block[:3, 4], [4.0, 10.0, 16.0])
        self.check(np.asfortranarray(block)[2, :3], [12.0, 13.0, 14.0])
        self.check(block.astype(np.float64)[:3, 4], [4.0, 10.0, 16.0])
        self.check(np.frombuffer(b"x" + np.array([1, 2, 3], np.float32).tobytes(), "V1, 3f4")["f1"][0], [1.0, 2.0, 3.0])

    def test_read_only(self):
        vector = np.array([1, 2, 3], np.float32)
        vector.flags.writeable = False
        self.check(vector, [1.0, 2.0, 3.0])

    def test_the_array_is_copied(self):
        vector = np.array([1, 2, 3], np.float32)
        self.index.add_item(0, vector)
        vector[:] = 9
        self.assertEqual(self.index.get_item_vector(0), [1.0, 2.0, 3.0])

    def test_lists_of_scalars(self):
        self.check([np.float32(1), np.float64(2), np.int8(3)], [1.0, 2.0, 3.0])
        self.check([np.array(1.0), np.array(2), 3], [1.0, 2.0, 3.0])

    def test_subclasses(self):
        self.check(np.ma.masked_array([1.0, 2.0, 3.0]), [1.0, 2.0, 3.0])
        self.check(np.array([1.0, 2.0, 3.0]).view(np.recarray), [1.0, 2.0, 3.0])

    def test_hidden_components(self):
        # A hidden number is NaN, which Annoy stores and we refuse. What is hidden is never taken.
        for kind in (np.float32, np.float64, np.int16):
            hidden = np.ma.masked_array(np.array([1, 2, 3], kind), [False, True, False])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if OURS:
                    index = AnnoyIndex(3, "euclidean")
                    index.add_item(0, [1, 2, 3])
                    index.build(1)
                    for call in (lambda: self.index.add_item(0, hidden), lambda: index.get_nns_by_vector(hidden, 1)):
                        with self.assertRaisesRegex(ValueError, "component 1 is NaN"):
                            call()
                else:
                    self.index.add_item(0, hidden)
                    self.assertTrue(np.isnan(self.index.get_item_vector(0)[1]))

    def test_wrong_shapes(self):
        for length in (0, 2, 4):
            with self.raises(IndexError, f"Vector has wrong length (expected 3, got {length})"):
                self.index.add_item(0, np.zeros(length, np.float32))
        # A matrix is not a vector, though numpy before 2.4 makes a number of an array of one.
        for shape in ((3, 2), (3, 3)):
            with self.assertRaises(TypeError):
                self.index.add_item(0, np.zeros(shape, np.float32))
        with self.raises(IndexError, "Vector has wrong length (expected 3, got 1)"):
            self.index.add_item(0, np.zeros((1, 3), np.float32))
        with self.assertRaises(TypeError):
            self.index.add_item(0, np.float32(1))

    def test_types_that_are_no_numbers(self):
        for vector in (np.array(["a", "b", "c"]), np.array([None, 1, 2]), np.array(["2020", "2021", "2022"], "M8[Y]")):
            with self.assertRaises((TypeError, ValueError)):
                self.index.add_item(0, vector)
        self.assertEqual(self.index.get_n_items(), 0)

    def test_integers(self):
        for kind in (np.int8, np.int32, np.int64, np.uint16):
            index = AnnoyIndex(kind(3), "euclidean")
            index.add_item(kind(0), [1, 2, 3])
            index.build(kind(2), kind(1))
            self.assertEqual(index.get_nns_by_item(kind(0), kind(1), kind(10)), [0])
            self.assertEqual(index.get_item_vector(kind(0)), [1.0, 2.0, 3.0])
            self.assertEqual(index.get_distance(kind(0), kind(0)), 0.0)
        with self.assertRaises(TypeError):
            index.get_nns_by_item(0, np.float64(1))


TUTORIAL = """
import json, sys
import numpy as np
from annoy import AnnoyIndex

index = AnnoyIndex({dim}, "angular")
index.load("tutorial.ann")
query = np.array(json.loads(sys.stdin.read()))
print(json.dumps(index.get_nns_by_vector(query, n=10, search_k=-1, include_distances=True)))
"""


@unittest.skipIf(np is None, "numpy is not installed")
class Tutorial(AnnoyCase):
    def test_build_here_search_there(self):
        n, dim, trees = 2000, 1536, 50
        rng = np.random.default_rng(3)
        centres = rng.normal(size=(40, dim))
        vectors = centres[rng.integers(0, 40, n)] + 0.3 * rng.normal(size=(n, dim))
        index = AnnoyIndex(dim, "angular")
        for i, v in enumerate(vectors):
            index.add_item(i, v)
        index.build(trees)
        index.save("tutorial.ann")
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        found = 0
        for item in (0, 17, 1999):
            code = TUTORIAL.format(dim=dim)
            question = json.dumps(list(vectors[item]))
            run = subprocess.run([sys.executable, "-c", code], input=question, capture_output=True, text=True, check=True)
            ids, distances = json.loads(run.stdout)
            exact = np.sqrt(np.maximum(0, 2 - 2 * unit @ unit[item]))
            self.assertEqual((len(ids), len(set(ids)), ids[0]), (10, 10, item))
            np.testing.assert_allclose(np.square(distances), np.square(exact[ids]), atol=2e-6)
            self.assertEqual([ids, distances], list(index.get_nns_by_vector(vectors[item], 10, include_distances=True)))
            found += (exact[ids] <= np.sort(exact)[9] + 1e-6).sum()
        self.assertGreaterEqual(found, 15)


if __name__ == "__main__":
    unittest.main()
