"""Canopy: the other kind of index."""

import array
import concurrent.futures
import os
import pathlib
import pickle
import unittest

from annoy import AnnoyIndex, Canopy
from common import DIM, InFolder, built, vectors

try:
    import numpy
except ImportError:
    numpy = None


class Canopies(InFolder):
    def made(self, metric="angular", **options):
        canopy = Canopy(DIM, metric)
        canopy.add_items(None, vectors(2000))
        canopy.build(**options)
        return canopy

    def test_life(self):
        canopy = Canopy(DIM, "euclidean")
        rows = vectors(1000)
        canopy.add_items(range(-500, 500), rows)
        canopy.add(2**60, rows[0])
        with self.assertRaisesRegex(ValueError, "call build"):
            canopy.search(rows[0])
        canopy.build(seed=3, metadata=b"\0mine")
        self.assertEqual(canopy.search(rows[0], 2, recall=1), ([-500, 2**60], [0.0, 0.0]))
        canopy.save(self.path("x.canopy"))
        with Canopy.open(pathlib.Path(self.path("x.canopy"))) as again:
            self.assertEqual((len(again), again.dim, again.metric, again.metadata()), (1001, DIM, "euclidean", b"\0mine"))
            self.assertEqual(again.search_by_id(2**60, 3, recall=1), canopy.search_by_id(2**60, 3, recall=1))
            self.assertAlmostEqual(again.distance(-500, 499), canopy.search(again.vector(499), 1, filter=[-500], recall=1)[1][0], places=5)
            self.assertEqual(Canopy.from_bytes(again.to_bytes()).search(rows[9], 5), again.search(rows[9], 5))
            self.assertEqual(pickle.loads(pickle.dumps(again)).search(rows[9], 5), again.search(rows[9], 5))
            again.verify()
            self.assertEqual(again.stats()["kind"], "canopy")
            self.assertIn("1001 items", repr(again))
        with self.assertRaises(ValueError):
            again.search(rows[0])

    def test_keys(self):
        canopy = Canopy(DIM, "angular")
        rows = vectors(300)
        for i, row in enumerate(rows):
            canopy.add_key(f"k\u00e9y {i}", row)
        canopy.build(calibrate=-1)
        self.assertEqual(canopy.key(canopy.lookup("k\u00e9y 17")), "k\u00e9y 17")
        ids, _ = canopy.search(rows[17], 1, search_k=10**6)
        self.assertEqual(canopy.key(ids[0]), "k\u00e9y 17")
        with self.assertRaises(KeyError):
            canopy.lookup("none")
        with self.assertRaises(IndexError):
            canopy.key(300)
        with self.assertRaisesRegex(ValueError, "not calibrated"):
            canopy.search(rows[0], 5, recall=0.9)

    def test_recall(self):
        canopy = self.made()
        queries = vectors(200, seed=4)
        exact, _ = canopy.search_many(queries, 10, recall=1)
        for asked in (0.8, 0.95, 0.99):
            got, distances = canopy.search_many(queries, 10, recall=asked)
            hits = sum(len(set(a) & set(b)) for a, b in zip(exact.tolist(), got.tolist()))
            self.assertGreaterEqual(hits / 2000, asked - 0.03)
        one = canopy.search(queries[3], 10, recall=0.99)
        self.assertEqual((got.tolist()[3], distances.tolist()[3]), one)

    def test_on_disk_calibration_queries_and_progress(self):
        canopy, told = Canopy(DIM, "angular"), []
        canopy.on_disk_build(self.path("x.canopy"))
        canopy.add_items(None, vectors(3000))
        canopy.build(queries=vectors(100, seed=4), rows="float32", shape="one4", n_jobs=2, progress=lambda *a: told.append(a))
        self.assertEqual(canopy.stats()["canopy"]["calibration"]["queries"], 100)
        self.assertEqual(Canopy.open(self.path("x.canopy")).search(vectors(1)[0], 3), canopy.search(vectors(1)[0], 3))

    def test_access(self):
        canopy = self.made()
        canopy.save(self.path("x.canopy"))
        for access in ("mapped", "resident", "cold"):
            opened = Canopy.open(self.path("x.canopy"), access=access)
            self.assertEqual(opened.stats()["access"], access)
            self.assertEqual(opened.search(vectors(1)[0], 5), canopy.search(vectors(1)[0], 5))
        with self.assertRaisesRegex(ValueError, "access"):
            Canopy.open(self.path("x.canopy"), access="warm")

    def test_kinds_are_told_apart(self):
        canopy = self.made()
        canopy.save(self.path("x.canopy"))
        self.saved()
        with self.assertRaisesRegex(OSError, "use Canopy.open"):
            AnnoyIndex(DIM, "angular").load(self.path("x.canopy"))
        with self.assertRaisesRegex(OSError, "use AnnoyIndex"):
            Canopy.open(self.path())
        with self.assertRaisesRegex(OSError, "another kind"):
            canopy.save(self.path("y.ann"))
        for wrong in ("canopy:angular", "Angular", ""):
            with self.assertRaisesRegex(ValueError, "No such metric"):
                AnnoyIndex(DIM, wrong)
        for wrong in ("canopy:angular", "nearest", ""):
            with self.assertRaisesRegex(ValueError, "angular, euclidean, manhattan, dot, hamming, cosine"):
                Canopy(DIM, wrong)
        for name, metric in {"l2": "euclidean", "ip": "dot", "cos": "cosine", "l1": "manhattan"}.items():
            self.assertEqual(Canopy(DIM, name).metric, metric)
            with self.assertRaisesRegex(ValueError, "No such metric"):
                AnnoyIndex(DIM, name)

    def test_options_that_are_not(self):
        canopy = Canopy(DIM, "angular")
        canopy.add_items(None, vectors(100))
        for options in ({"shape": "round"}, {"rows": "int4"}, {"calibrate": -2}, {"n_jobs": 0}, {"queries": [[float("nan")] * DIM]}):
            with self.subTest(options), self.assertRaises(ValueError):
                canopy.build(**options)
        for options in ({"seed": -1}, {"seed": 2**64}, {"max_memory": -1}, {"calibrate": 2**70}):
            with self.subTest(options), self.assertRaisesRegex(ValueError, f"^{[*options][0]} is"):
                canopy.build(**options)
        for options in ({"seed": 1.5}, {"n_jobs": 1.5}, {"n_jobs": None}, {"calibrate": "all"}):
            with self.subTest(options), self.assertRaisesRegex(TypeError, "integer"):
                canopy.build(**options)
        if numpy is not None:
            canopy.build(seed=numpy.uint64(3), calibrate=numpy.int32(50), n_jobs=numpy.int8(1))
        else:
            canopy.build()

    def test_next_ids_follow_the_largest(self):
        canopy = Canopy(DIM, "euclidean")
        rows = vectors(6)
        canopy.add(3, rows[0])
        canopy.add_items(None, rows[1:3])
        canopy.add_items(None, rows[3:4])
        canopy.build()
        self.assertEqual([canopy.vector(i) for i in (3, 4, 5, 6)], [_singles(row) for row in rows[:4]])
        canopy.unbuild()
        canopy.add(2**63 - 1, rows[4])
        with self.assertRaisesRegex(ValueError, "no ids are left"):
            canopy.add_items(None, rows[5:])
        canopy.build()
        self.assertEqual(canopy.vector(2**63 - 1), _singles(rows[4]))

    def test_threads_get_ids_of_their_own(self):
        for made in (AnnoyIndex(DIM, "euclidean"), Canopy(DIM, "euclidean")):
            rows = vectors(20)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda _: made.add_items(None, rows), range(40)))
            made.build(5) if isinstance(made, AnnoyIndex) else made.build(calibrate=-1)
            self.assertEqual(len(made), 800)

    def test_arguments_that_are_not(self):
        canopy = Canopy(DIM, "angular")
        for wrong, kind, text in (
            (lambda: Canopy(DIM, None), TypeError, "metric is a name, not NoneType"),
            (lambda: Canopy(0, "angular"), ValueError, "^dim is 0"),
            (lambda: canopy.add_key(3, vectors(1)[0]), TypeError, "a key is a string, not int"),
            (lambda: canopy.lookup(b"k"), TypeError, "a key is a string, not bytes"),
            (lambda: canopy.search(vectors(1)[0], -1), ValueError, "n is -1"),
            (lambda: canopy.search_by_id(0, -1), ValueError, "n is -1"),
            (lambda: canopy.search_many(vectors(1)), ValueError, "call build"),
            (lambda: canopy.on_disk_build(self.path("x.ann")), OSError, "another kind; use .canopy"),
            (lambda: AnnoyIndex(DIM, "angular").on_disk_build(self.path("x.canopy")), OSError, "another kind; use .ann"),
            (lambda: Canopy.from_bytes(3), TypeError, "bytes-like"),
            (lambda: AnnoyIndex.from_bytes(44, 8, "angular"), TypeError, "bytes-like"),
            (lambda: Canopy.from_bytes(b""), OSError, "no canopy"),
            (lambda: Canopy.from_bytes(built(20).to_bytes()), OSError, "no canopy"),
        ):
            with self.subTest(text), self.assertRaisesRegex(kind, text):
                wrong()
        self.assertEqual(os.listdir(self.folder), [])

    def test_exact_needs_no_calibration(self):
        canopy = self.made(calibrate=-1)
        q = vectors(1, seed=9)[0]
        distances = canopy.search(q, 2000, search_k=10**6)[1]
        self.assertEqual(canopy.search(q, 10, recall=1)[1], distances[:10])
        self.assertEqual(canopy.search_many([q], 10, recall=1)[1].tolist()[0], distances[:10])
        with self.assertRaisesRegex(ValueError, "exclude each other"):
            canopy.search(q, 10, recall=1, search_k=5)

    @unittest.skipIf(numpy is None, "numpy is not there")
    def test_a_matrix_has_two_dimensions(self):
        canopy = self.made(calibrate=-1)
        for wrong, text in ((numpy.ones(DIM), "1 dimension, want two"), (numpy.ones((2, 2, DIM)), "3 dimensions"), (numpy.float32(1), "0 dimensions")):
            for call in (canopy.search_many, lambda m: Canopy(DIM, "angular").add_items(None, m)):
                with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                    call(wrong)
        column = numpy.empty(2, dtype=object)  # as a DataFrame has them
        column[:] = [numpy.array(v) for v in vectors(2)]
        self.assertEqual(canopy.search_many(column, 1)[0].tolist(), [[0], [1]])
        self.assertEqual(canopy.search_many(numpy.array([]), 1)[0].shape, (0, 1))


def _singles(row):
    return array.array("f", row).tolist()


if __name__ == "__main__":
    unittest.main()
