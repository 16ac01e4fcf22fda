"""What goes beyond Annoy: batches, filters, limits, bytes, pickles."""

import array
import copy
import os
import pathlib
import pickle
import shutil
import unittest
import warnings

import annoy
from annoy import AnnoyIndex, Filter
from common import DIM, InFolder, built, run, vectors

try:
    import numpy
except ImportError:
    numpy = None
try:
    import pyroaring
except ImportError:
    pyroaring = None

EVERYTHING = 10**9  # a search_k that is exact


class Batches(InFolder):
    def setUp(self):
        super().setUp()
        self.index = built(1000)
        self.queries = vectors(50, seed=8)
        self.want = [self.index.get_nns_by_vector(q, 7, include_distances=True) for q in self.queries]

    def check(self, queries, **options):
        ids, distances = self.index.get_nns_by_vectors(queries, 7, include_distances=True, **options)
        self.assertEqual([(i, d) for i, d in zip(ids.tolist(), distances.tolist())], self.want)

    def test_rows_of_lists(self):
        self.check(self.queries)
        self.check([tuple(q) for q in self.queries], n_jobs=1)
        self.check([array.array("f", q) for q in self.queries], n_jobs=3)
        self.assertEqual(self.index.get_nns_by_vectors(self.queries, 7).tolist(), [ids for ids, _ in self.want])

    @unittest.skipIf(numpy is None, "numpy is not there")
    def test_arrays(self):
        q = numpy.array(self.queries, dtype=numpy.float32)
        self.check(q)
        wide = numpy.zeros((100, 2 * DIM), dtype=numpy.float32)
        wide[::2, :DIM] = q
        for same in (wide[::2, :DIM], wide[::2, :DIM][::-1][::-1], numpy.asfortranarray(q), q.astype(float), q.astype(">f4"), list(q)):
            self.check(same)
        for kind in (numpy.float32, numpy.float64, numpy.float16, ">f8"):
            want = self.index.get_nns_by_vectors(q.astype(kind).astype("f"), 7).tolist()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PendingDeprecationWarning)
                matrix = numpy.matrix(q.astype(kind))
            self.assertEqual(self.index.get_nns_by_vectors(matrix, 7).tolist(), want)
            self.assertEqual(self.index.get_nns_by_vectors(numpy.ma.masked_array(q.astype(kind)), 7).tolist(), want)
        self.check(q[::-1][::-1].astype(numpy.longdouble))
        ids, distances = self.index.get_nns_by_vectors(q, 7, include_distances=True)
        self.assertEqual((ids.dtype, ids.shape, distances.dtype), (numpy.int64, (50, 7), numpy.float32))
        half = q.astype(numpy.float16)
        self.assertEqual(self.index.get_nns_by_vectors(half, 7).tolist(), self.index.get_nns_by_vectors(half.astype("f"), 7).tolist())
        self.assertEqual(self.index.get_nns_by_vectors(q[:0], 7).shape, (0, 7))
        self.assertEqual(self.index.get_nns_by_vectors(q, 0).shape, (50, 0))

    def test_no_more_columns_than_items(self):
        canopy = annoy.Canopy(DIM, "angular")
        canopy.add_items(None, vectors(60))
        canopy.build()
        for n in (len(self.index), len(self.index) + 1, 2**31, 2**62, 2**63 - 1):
            ids = self.index.get_nns_by_vectors(self.queries, n, EVERYTHING)
            self.assertEqual((len(ids), len(ids[0])), (50, len(self.index)))
            ids, distances = canopy.search_many(self.queries, n, recall=1)
            self.assertEqual((len(ids), len(ids[0]), len(distances[0])), (50, 60, 60))
            self.assertEqual(sorted(list(ids.tolist()[0])), list(range(60)))
        for call in (lambda n: self.index.get_nns_by_vectors(self.queries, n), lambda n: canopy.search_many(self.queries, n)):
            for wrong in (-1, 2**63):
                with self.assertRaisesRegex(ValueError, f"n is {wrong}"):
                    call(wrong)
            with self.assertRaises(TypeError):
                call(1.5)

    def test_arguments_come_before_results(self):
        """What is wrong is told, and not that there is no memory for its answer."""
        def results(*shape):
            raise AssertionError(f"made {shape}")

        for queries, options, message in (
            ([[0] * (DIM + 1)], (None, None, None, None), "wrong length"),
            (self.queries, (7.5, None, None, None), "recall"),
            (self.queries, (None, object(), None, None), "filter"),
            (self.queries, (None, None, -1.0, None), "max_distance"),
        ):
            with self.assertRaisesRegex(Exception, message):
                self.index._search_many(queries, 7, -1, *options, 1, results)

    @unittest.skipIf(numpy is None, "numpy is not there")
    def test_hidden_numbers(self):
        """Values that a masked array hides are not taken, wherever an array may be."""
        rows = numpy.ma.masked_array(numpy.ones((3, DIM), numpy.float32))
        rows[1, 2] = numpy.ma.masked
        ids = numpy.ma.masked_array([1, 2, 3], [True, False, False])
        index = AnnoyIndex(DIM, "angular")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for call in (
                lambda: index.add_items(None, rows),
                lambda: index.add_items(ids, vectors(3)),
                lambda: self.index.get_nns_by_vectors(rows, 1),
                lambda: Filter(ids),
                lambda: Filter(ids > 1),
            ):
                with self.assertRaisesRegex(ValueError, "component 2 is NaN|hidden values"):
                    call()

    @unittest.skipIf(numpy is None, "numpy is not there")
    def test_halves_are_exact(self):
        # Every finite number of 16 bits, subnormal ones too.
        bits = numpy.arange(1 << 16, dtype=numpy.uint16)
        halves = bits.view(numpy.float16)
        halves = halves[numpy.isfinite(halves)]
        index = AnnoyIndex(len(halves), "manhattan")
        index.add_item(0, halves)
        self.assertEqual(index.get_item_vector(0), halves.astype(float).tolist())

    @unittest.skipIf(numpy is None, "numpy is not there")
    def test_number_types(self):
        for kind in "b B h H i I l L q Q e f d g ?".split():
            v = numpy.array([1, 0, 1, 100][:3] + [1] * (DIM - 3)).astype(kind)
            index = AnnoyIndex(DIM, "euclidean")
            for i, given in enumerate((v, numpy.repeat(v, 2)[::2], v[::-1][::-1])):
                index.add_item(i, given)
                self.assertEqual(index.get_item_vector(i), [float(x) for x in v], kind)

    def test_padding(self):
        index = built(8)
        ids, distances = index.get_nns_by_vectors(self.queries[:2], 5, EVERYTHING, include_distances=True, filter=[0, 1, 2])
        for row, d in zip(ids.tolist(), distances.tolist()):
            self.assertEqual(sorted(row[:3]), [0, 1, 2])
            self.assertEqual(row[3:], [-1, -1])
            self.assertTrue(all(x != x for x in d[3:]), d)
        unbuilt = AnnoyIndex(DIM, "angular")
        self.assertEqual(unbuilt.get_nns_by_vectors(self.queries[:2], 2).tolist(), [[]] * 2)
        unbuilt.add_items(None, vectors(3))
        self.assertEqual(unbuilt.get_nns_by_vectors(self.queries[:2], 2).tolist(), [[-1, -1]] * 2)

    def test_mistakes(self):
        for wrong, kind, text in (
            (lambda: self.index.get_nns_by_vectors([[1.0] * 3], 5), IndexError, "wrong length"),
            (lambda: self.index.get_nns_by_vectors([1.0] * DIM, 5), TypeError, "no len"),
            (lambda: self.index.get_nns_by_vectors(self.queries, -1), ValueError, "n is -1"),
            (lambda: self.index.get_nns_by_vectors(self.queries, 5, n_jobs=0), ValueError, "n_jobs is 0"),
            (lambda: self.index.get_nns_by_vectors([*self.queries, [float("nan")] * DIM], 5), ValueError, "query 50"),
            (lambda: self.index.get_nns_by_vectors(self.queries, 5, recall=1.5), ValueError, "recall is 1.5"),
        ):
            with self.assertRaisesRegex(kind, text):
                wrong()


class Adding(InFolder):
    def test_add_items(self):
        rows = vectors(10)
        forms = [(range(10), rows), (list(range(10)), rows), (None, rows), (array.array("q", range(10)), rows), ({i: 0 for i in range(10)}, rows)]
        if numpy is not None:
            forms += [(numpy.arange(10), numpy.array(rows)), (numpy.arange(20, dtype=numpy.uint8)[::2] // 2, numpy.array(rows, dtype="f"))]
        want = built(10).to_bytes()
        for ids, vs in forms:
            index = AnnoyIndex(DIM, "angular")
            index.add_items(ids, vs)
            index.build(5)
            self.assertEqual(index.to_bytes(), want)

    def test_none_goes_on(self):
        index = AnnoyIndex(DIM, "angular")
        index.add_item(4, vectors(1)[0])
        index.add_items(None, vectors(3))
        self.assertEqual(len(index), 8)
        self.assertEqual(index.get_item_vector(5), index.get_item_vector(4))

    def test_mistakes(self):
        index = AnnoyIndex(DIM, "angular")
        bad = [*vectors(2), [float("inf")] * DIM]
        for ids, rows, kind, text in (
            ([1, 2], vectors(3), ValueError, "there are 2 ids and 3 vectors"),
            ([-1], vectors(1), IndexError, "Item index can not be negative"),
            ([1.5], vectors(1), TypeError, "float"),
            ([1], [[1.0]], IndexError, "wrong length"),
            ([7, 8, 9], bad, ValueError, "id 9"),
            ([2**31], vectors(1), ValueError, "2147483648"),
        ):
            with self.subTest(text), self.assertRaisesRegex(kind, text):
                index.add_items(ids, rows)
                index.build(1)


class Column:
    """What becomes an array and is none, such as a column of a DataFrame."""

    def __init__(self, values):
        self.values = values

    def __iter__(self):
        return iter(self.values)

    def __array__(self, dtype=None, copy=None):
        return self.values


class Filters(InFolder):
    def setUp(self):
        super().setUp()
        self.index = built(300)
        self.q = vectors(1, seed=5)[0]
        self.order = self.index.get_nns_by_vector(self.q, 300, EVERYTHING)

    def test_kinds(self):
        even = [i for i in self.order if i % 2 == 0][:6]
        kinds = [
            range(0, 300, 2), list(range(0, 300, 2)), set(range(0, 300, 2)), (i for i in range(0, 300, 2)), [i % 2 == 0 for i in range(300)],
            lambda id: id % 2 == 0, Filter(range(0, 300, 2)), Filter(lambda id: id % 2 == 0), array.array("q", range(0, 300, 2)),
            [*range(0, 300, 2), -5, 10**12],
        ]
        if numpy is not None:
            kinds += [numpy.arange(0, 300, 2), numpy.arange(300) % 2 == 0, numpy.arange(0, 300, 2, dtype=numpy.uint16)]
            kinds += [list(numpy.arange(300) % 2 == 0), Column(numpy.arange(300) % 2 == 0), Column(numpy.arange(0, 300, 2))]
        if pyroaring is not None:
            kinds += [pyroaring.BitMap(range(0, 300, 2)), pyroaring.FrozenBitMap(range(0, 300, 2)), pyroaring.BitMap64(range(0, 300, 2))]
        for kind in kinds:
            with self.subTest(type(kind).__name__):
                allowed = Filter(kind)
                self.assertEqual(self.index.get_nns_by_vector(self.q, 6, EVERYTHING, filter=allowed), even)
                self.assertEqual(self.index.get_nns_by_item(even[0], 150, EVERYTHING, filter=allowed)[0], even[0])
                self.assertEqual(self.index.get_nns_by_vectors([self.q] * 3, 6, EVERYTHING, filter=allowed).tolist(), [even] * 3)
        self.assertEqual(self.index.get_nns_by_vector(self.q, 6, filter=kinds[0]), even)
        self.assertEqual(self.index.get_nns_by_vector(self.q, 6, filter=[]), [])

    def test_mistakes(self):
        for wrong in (5, "abc", b"abc", 1.5):
            with self.assertRaisesRegex(TypeError, "a filter is ids"):
                self.index.get_nns_by_vector(self.q, 6, filter=wrong)
        for wrong in ([1.5], [None], ["a"]):
            with self.assertRaises(TypeError):
                Filter(wrong)

    def test_exceptions_of_a_function(self):
        def fails(id):
            raise LookupError(id)

        for search in (
            lambda: self.index.get_nns_by_vector(self.q, 5, filter=fails), lambda: self.index.get_nns_by_item(0, 5, filter=fails),
            lambda: self.index.get_nns_by_vectors([self.q] * 20, 5, filter=fails),
        ):
            with self.assertRaises(LookupError):
                search()
        self.assertEqual(self.index.get_nns_by_vector(self.q, 6, EVERYTHING), self.order[:6])

    def test_max_distance(self):
        ids, distances = self.index.get_nns_by_vector(self.q, 300, EVERYTHING, True)
        for limit in (0, distances[0], distances[9], (distances[20] + distances[21]) / 2, 5):
            got = self.index.get_nns_by_vector(self.q, 300, EVERYTHING, max_distance=limit)
            self.assertEqual(got, [i for i, d in zip(ids, distances) if d <= limit])
        self.assertEqual(self.index.get_nns_by_item(7, 5, max_distance=0), [7])
        for wrong in (-1, float("nan")):
            with self.assertRaisesRegex(ValueError, "max_distance"):
                self.index.get_nns_by_vector(self.q, 3, max_distance=wrong)

    def test_min_product(self):
        index = built(300, metric="dot")
        ids, products = index.get_nns_by_vector(self.q, 300, EVERYTHING, True)
        self.assertEqual(index.get_nns_by_vector(self.q, 300, EVERYTHING, min_product=products[9]), ids[:10])
        with self.assertRaisesRegex(ValueError, "use MinProduct"):
            index.get_nns_by_vector(self.q, 3, max_distance=1)


class Values(InFolder):
    def test_cosine(self):
        angular, cosine = built(200), built(200, metric="cosine")
        ids, a = angular.get_nns_by_item(0, 10, EVERYTHING, True)
        same, c = cosine.get_nns_by_item(0, 10, EVERYTHING, True)
        self.assertEqual(same, ids)
        for x, y in zip(a, c):
            self.assertAlmostEqual(x * x / 2, y, places=5)
        self.assertEqual(cosine.metric, "cosine")
        cosine.save(self.path())
        angular.load(self.path())

    def test_bytes(self):
        index = built()
        data = index.to_bytes()
        index.save(self.path())
        self.assertEqual(pathlib.Path(self.path()).read_bytes(), data)
        self.assertEqual(index.to_bytes(), data)
        for form in (data, bytearray(data), memoryview(data)):
            again = AnnoyIndex.from_bytes(form, DIM, "angular")
            self.assertEqual(again.get_nns_by_item(3, 10, include_distances=True), index.get_nns_by_item(3, 10, include_distances=True))
        again.save(self.path("again.ann"))
        self.assertEqual(again.to_bytes(), data)
        with self.assertRaises(OSError):
            AnnoyIndex.from_bytes(data[:-3], DIM, "angular")
        with self.assertRaisesRegex(ValueError, "no index to write"):
            AnnoyIndex(DIM, "angular").to_bytes()

    def test_pickle(self):
        os.chdir(self.folder)
        self.addCleanup(os.chdir, "/")
        index = built()
        for unsaved in (index, AnnoyIndex(DIM, "angular")):
            with self.assertRaisesRegex(TypeError, "^cannot pickle 'annoy.*save\\(\\) it first"):
                pickle.dumps(unsaved)
        index.save("x.ann")
        data = pickle.dumps(index)
        os.chdir("/")
        self.assertLess(len(data), 1000)
        self.assertEqual(pickle.loads(data).get_nns_by_item(0, 9), index.get_nns_by_item(0, 9))
        self.assertEqual(copy.copy(index).get_n_items(), 500)

    def test_paths(self):
        index = built()
        path = pathlib.Path(self.folder, "n\u00e4me.ann")
        index.save(path)
        index.save(os.fsencode(path))
        again = AnnoyIndex(DIM, "angular")
        again.load(path)
        again.load(os.fsencode(str(path)), prefault=True)
        self.assertEqual(again.get_nns_by_item(0, 5), index.get_nns_by_item(0, 5))
        on_disk = AnnoyIndex(DIM, "angular")
        on_disk.on_disk_build(path)

    def test_with_len_and_truth(self):
        with built() as index:
            self.assertEqual(len(index), 500)
        self.assertEqual(len(index), 0)
        self.assertTrue(index)
        with self.assertRaises(ZeroDivisionError), built() as index:
            1 / 0
        self.assertEqual(len(index), 0)

    def test_subclasses(self):
        class Mine(AnnoyIndex):
            def __init__(self, f, metric):
                super().__init__(f, metric)
                self.name = "mine"

        mine = Mine(DIM, "angular")
        mine.add_item(0, vectors(1)[0])
        mine.build(1)
        self.assertEqual((mine.name, mine.get_nns_by_item(0, 1), type(Mine.from_bytes(mine.to_bytes(), DIM, "angular"))), ("mine", [0], Mine))
        self.assertEqual((AnnoyIndex.__module__, repr(AnnoyIndex)), ("annoy", "<class 'annoy.Annoy'>"))

    def test_verify_and_stats(self):
        index = self.saved(3000)
        index.verify()
        self.assertEqual({k: index.stats()[k] for k in ("kind", "metric", "dim", "items", "trees")}, {"kind": "forest", "metric": "angular", "dim": DIM, "items": 3000, "trees": 5})
        data = bytearray(pathlib.Path(self.path()).read_bytes())
        data[20 * (12 + 4 * DIM) + 30] ^= 1
        pathlib.Path(self.path()).write_bytes(data)
        index.load(self.path())
        with self.assertRaisesRegex(OSError, "corrupt index at byte 1520"):
            index.verify()

    def test_warnings(self):
        index = AnnoyIndex(DIM, "angular")
        index.on_disk_build(self.path("sparse.ann"))
        with self.assertWarnsRegex(UserWarning, "id 20000000 leaves 20000000 ids"):
            index.add_item(20_000_000, [1.0] * DIM)
        index.unload()
        self.saved()
        pathlib.Path(self.path() + ".meta").write_text("{}")
        with self.assertWarnsRegex(UserWarning, "sidecar|meta"):
            AnnoyIndex(DIM, "angular").load(self.path())

    def test_clash(self):
        from annoy import _clash

        os.mkdir(self.path("annoy"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _clash.warn_of_clash(self.path("annoy"))
        for name, folder in (("annoylib.cpython-311-x86_64-linux-gnu.so", "annoy"), ("annoy-1.17.3.dist-info", "")):
            path = os.path.join(self.folder, folder, name)
            pathlib.Path(path).touch()
            with self.assertWarnsRegex(UserWarning, "Spotify.*Keep one"):
                _clash.warn_of_clash(self.path("annoy"))
            os.remove(path)


    def test_installed_over(self):
        # As pip leaves the folder when Spotify's annoy is installed after annoy-go.
        shutil.copytree(pathlib.Path(annoy.__file__).parent, self.path("annoy"))
        for name, text in (("__init__.py", "from .annoylib import Annoy as AnnoyIndex\n"), ("annoylib.cpython-311-x86_64-linux-gnu.so", "")):
            pathlib.Path(self.path("annoy"), name).write_text(text)
        done = run("""
            import sys
            sys.path.insert(0, sys.argv[1])
            from annoy import AnnoyIndex
            print(AnnoyIndex(2, "dot").get_n_items())
            """, self.folder, options=(), check=False)
        self.assertEqual(done.stdout, "0\n", done.stderr)
        self.assertIn("annoylib.cpython-311-x86_64-linux-gnu.so. This is annoy-go's class. Keep one", done.stderr)


class Typing(InFolder):
    def test_stubs_name_what_there_is(self):
        import ast

        tree = ast.parse(pathlib.Path(annoy.__file__).with_suffix(".pyi").read_text())
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and hasattr(annoy, node.name):
                stubs = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
                there = {n for n in dir(getattr(annoy, node.name)) if not n.startswith("_")}
                self.assertEqual({s for s in stubs if not s.startswith("_")}, there, node.name)
        self.assertTrue(pathlib.Path(annoy.__file__).with_name("py.typed").exists())


class Import(InFolder):
    def test_aliases(self):
        import annoy.annoylib

        self.assertIs(annoy.Annoy, AnnoyIndex)
        self.assertIs(annoy.annoylib.Annoy, AnnoyIndex)

    def test_again(self):
        run("""
            import sys
            import annoy
            first = annoy.AnnoyIndex(2, "angular")
            for name in [n for n in sys.modules if n.startswith("annoy")]:
                del sys.modules[name]
            import annoy
            second = annoy.AnnoyIndex(2, "angular")
            for index in (first, second):
                index.add_item(0, [1, 2])
                index.build(1)
                assert index.get_nns_by_item(0, 1, filter=[0]) == [0]
            """)


if __name__ == "__main__":
    unittest.main()
