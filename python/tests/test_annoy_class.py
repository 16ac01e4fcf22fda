"""The class itself, as Annoy 1.17.3 has it: how it is made, named and documented, and how its arguments are checked."""

import copy
import pickle
import unittest
import warnings

import annoy
from annoy import AnnoyIndex

from annoy_case import METRICS, NO_INTEGER, OURS, AnnoyCase, mended, vectors

# What each method's description begins with.
METHODS = {
    "add_item": "Adds item `i` (any nonnegative integer) with vector",
    "build": "Builds a forest of `n_trees` trees",
    "get_distance": "Returns the distance between items `i` and `j`",
    "get_item_vector": "Returns the vector for item `i` that was previously added",
    "get_n_items": "Returns the number of items in the index",
    "get_n_trees": "Returns the number of trees in the index",
    "get_nns_by_item": "Returns the `n` closest items to item `i`",
    "get_nns_by_vector": "Returns the `n` closest items to vector `vector`",
    "load": "Loads (mmaps) an index from disk",
    "on_disk_build": "Build will be performed with storage on disk instead of RAM",
    "save": "Saves the index to disk",
    "set_seed": "Sets the seed of Annoy's random number generator",
    "unbuild": "Unbuilds the tree in order to",
    "unload": "Unloads an index from disk",
    "verbose": "",
}


class Names(AnnoyCase):
    def test_class(self):
        self.assertEqual((AnnoyIndex.__module__, AnnoyIndex.__name__, AnnoyIndex.__qualname__), ("annoy", "Annoy", "Annoy"))
        self.assertEqual(type(AnnoyIndex(2, "angular")).__name__, "Annoy")
        self.assertIsInstance(AnnoyIndex.__doc__, str)

    def test_alias(self):
        # Annoy keeps it in annoy.annoylib only, which is there once annoy is imported.
        self.assertIs(annoy.annoylib.Annoy, AnnoyIndex)
        if OURS:
            self.assertIs(annoy.Annoy, AnnoyIndex)

    def test_repr(self):
        self.assertRegex(repr(AnnoyIndex(2, "angular")), "^<annoy.Annoy object at 0x[0-9a-f]+>$")

    def test_f_is_not_deleted(self):
        index = AnnoyIndex(2, "angular")
        with self.raises(TypeError, "can't delete numeric/char attribute"):
            del index.f
        self.assertEqual(index.f, 2)

    def test_memory_is_not_copied(self):
        index = AnnoyIndex(2, "angular")
        for again in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(TypeError, "^cannot pickle 'annoy.Annoy' object"):
                again(index)

    def test_methods_and_their_docs(self):
        for name, doc in METHODS.items():
            with self.subTest(name):
                method = getattr(AnnoyIndex, name)
                self.assertTrue(callable(method))
                # Annoy's verbose has none.
                self.assertEqual((method.__doc__ or "")[: len(doc)], doc)

    def test_search_documents_its_options(self):
        for name in ("get_nns_by_item", "get_nns_by_vector"):
            doc = getattr(AnnoyIndex, name).__doc__
            self.assertIn("search_k:", doc)
            self.assertIn("include_distances:", doc)

    def test_every_index_is_true_and_itself(self):
        # Annoy has no len(); ours has one, which must not make an empty index false.
        a, b = AnnoyIndex(2, "angular"), AnnoyIndex(2, "angular")
        self.assertTrue(a)
        self.assertEqual(a, a)
        self.assertNotEqual(a, b)
        self.assertEqual(len({a, b}), 2)


class Construction(AnnoyCase):
    def test_all_metrics(self):
        for metric in METRICS:
            index = AnnoyIndex(3, metric)
            self.assertEqual((index.f, index.get_n_items(), index.get_n_trees()), (3, 0, 0))

    def test_keywords(self):
        self.assertEqual(AnnoyIndex(f=3, metric="dot").f, 3)
        self.assertEqual(AnnoyIndex(4, metric="dot").f, 4)

    def test_dimension_is_any_integer(self):
        class Three:
            def __index__(self):
                return 3

        self.assertEqual(AnnoyIndex(Three(), "dot").f, 3)
        self.assertEqual(AnnoyIndex(True, "dot").f, 1)

    def test_missing_metric_is_angular_and_warns(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            index = AnnoyIndex(2)
        self.assertEqual([w.category for w in caught], [FutureWarning])
        self.assertEqual(
            str(caught[0].message),
            "The default argument for metric will be removed in future version of Annoy. "
            "Please pass metric='angular' explicitly.",
        )
        self.assertEqual(caught[0].filename, __file__)
        index.add_item(0, [1, 0])
        index.add_item(1, [0, 5])
        self.assertNear(index.get_distance(0, 1), 2**0.5)

    @mended("Annoy goes on and lets the exception out later")
    def test_missing_metric_as_an_error(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(FutureWarning):
                AnnoyIndex(2)

    def test_unknown_metrics(self):
        for metric in ("banana", "Angular", ""):
            with self.raises(ValueError, "No such metric"):
                AnnoyIndex(2, metric)

    def test_types(self):
        with self.assertRaisesRegex(TypeError, "argument 2 must be str, not None"):
            AnnoyIndex(2, None)
        with self.assertRaisesRegex(TypeError, "argument 2 must be str, not bytes"):
            AnnoyIndex(2, b"dot")
        with self.assertRaisesRegex(TypeError, NO_INTEGER):
            AnnoyIndex("2", "dot")
        with self.assertRaisesRegex(TypeError, NO_INTEGER):
            AnnoyIndex(2.0, "dot")
        with self.assertRaisesRegex(ValueError, "embedded null character"):
            AnnoyIndex(2, "dot\0")
        with self.raises(OverflowError, "signed integer is greater than maximum"):
            AnnoyIndex(2**40, "dot")

    def test_arguments(self):
        with self.assertRaisesRegex(TypeError, r"missing required argument 'f' \(pos 1\)"):
            AnnoyIndex()
        with self.assertRaisesRegex(TypeError, "invalid keyword argument|unexpected keyword argument 'dim'"):
            AnnoyIndex(2, dim=3)
        with self.assertRaisesRegex(TypeError, r"takes at most 2 .*arguments \(3 given\)"):
            AnnoyIndex(2, "dot", 3)

    @mended("Annoy accepts them")
    def test_dimensions_below_one(self):
        for f in (0, -1):
            with self.assertRaises(ValueError):
                AnnoyIndex(f, "angular")

    @mended("cosine is ours")
    def test_cosine(self):
        index = AnnoyIndex(2, "cosine")
        index.add_item(0, [1, 0])
        index.add_item(1, [0, 5])
        self.assertNear(index.get_distance(0, 1), 1)


class Subclasses(AnnoyCase):
    def test_subclass(self):
        class Named(AnnoyIndex):
            def __init__(self, f, metric):
                super().__init__(f, metric)
                self.name = "x"

            def count(self):
                return self.get_n_items()

        index = Named(2, "euclidean")
        index.add_item(0, [1, 2])
        self.assertEqual((index.f, index.count(), index.name), (2, 1, "x"))

    def test_subclass_that_does_not_call_init(self):
        class Quiet(AnnoyIndex):
            def __init__(self, f, metric="dot"):
                pass

        self.assertEqual(Quiet(3, "dot").f, 3)

    def test_new_alone_makes_an_index(self):
        self.assertEqual(AnnoyIndex.__new__(AnnoyIndex, 3, "dot").f, 3)


class Arguments(AnnoyCase):
    """Names and defaults of every method's arguments, by use."""

    def test_keywords(self):
        index = AnnoyIndex(2, "euclidean")
        for i, vector in enumerate(vectors(20, 2)):
            self.assertIsNone(index.add_item(i=i, vector=vector))
        self.assertIs(index.build(n_trees=3, n_jobs=1), True)
        everything = index.get_nns_by_item(0, 20)
        self.assertEqual(index.get_nns_by_item(i=0, n=20, search_k=-1, include_distances=False), everything)
        vector = index.get_item_vector(0)
        self.assertEqual(
            index.get_nns_by_vector(vector=vector, n=20, search_k=-1, include_distances=False), everything
        )
        self.assertIs(index.save(fn="x.ann", prefault=True), True)
        self.assertIs(index.load(fn="x.ann", prefault=True), True)
        self.assertIs(AnnoyIndex(2, "euclidean").on_disk_build(fn="y.ann"), True)

    def test_positions(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        self.assertIs(index.build(3, 1), True)
        self.assertEqual(index.get_nns_by_item(0, 1, -1, True), ([0], [0.0]))
        self.assertEqual(index.get_nns_by_vector([1, 2], 1, -1, True), ([0], [0.0]))
        self.assertIs(index.save("x.ann", True), True)
        self.assertIs(index.load("x.ann", True), True)

    def test_include_distances_is_any_integer(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        index.build(1)
        self.assertEqual(index.get_nns_by_item(0, 1, -1, 2), ([0], [0.0]))
        self.assertEqual(index.get_nns_by_item(0, 1, -1, 0), [0])
        for wrong in ("x", None):
            with self.assertRaisesRegex(TypeError, NO_INTEGER):
                index.get_nns_by_item(0, 1, -1, wrong)

    def test_positional_only(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        for call in (
            lambda: index.get_item_vector(i=0),
            lambda: index.get_distance(i=0, j=0),
            lambda: index.verbose(v=True),
            lambda: index.set_seed(seed=1),
        ):
            with self.assertRaisesRegex(TypeError, r"takes no keyword arguments"):
                call()

    def test_missing_and_unknown(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        index.build(1)
        for name, position, call in (
            ("i", 1, lambda: index.add_item()),
            ("vector", 2, lambda: index.add_item(1)),
            ("n_trees", 1, lambda: index.build()),
            ("i", 1, lambda: index.get_nns_by_item()),
            ("n", 2, lambda: index.get_nns_by_item(0)),
            ("vector", 1, lambda: index.get_nns_by_vector()),
            ("n", 2, lambda: index.get_nns_by_vector([1, 2])),
            ("fn", 1, lambda: index.load()),
            ("fn", 1, lambda: index.save()),
            ("fn", 1, lambda: index.on_disk_build()),
        ):
            with self.assertRaisesRegex(TypeError, rf"missing required argument '{name}' \(pos {position}\)"):
                call()
        with self.assertRaisesRegex(TypeError, "invalid keyword argument|unexpected keyword argument 'foo'"):
            index.get_nns_by_item(0, 1, foo=3)
        for call in (lambda: index.get_distance(0), lambda: index.get_item_vector(), lambda: index.set_seed()):
            with self.assertRaises(TypeError):
                call()

    def test_integers(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        for call in (
            lambda wrong: index.add_item(wrong, [1, 2]),
            lambda wrong: index.build(wrong),
            lambda wrong: index.build(1, wrong),
            lambda wrong: index.get_nns_by_item(wrong, 1),
            lambda wrong: index.get_nns_by_item(0, wrong),
            lambda wrong: index.get_nns_by_item(0, 1, wrong),
            lambda wrong: index.get_nns_by_vector([1, 2], wrong),
            lambda wrong: index.get_item_vector(wrong),
            lambda wrong: index.get_distance(0, wrong),
            lambda wrong: index.set_seed(wrong),
            lambda wrong: index.verbose(wrong),
        ):
            for wrong in (1.0, "1", None):
                with self.assertRaisesRegex(TypeError, NO_INTEGER):
                    call(wrong)
            with self.raises(OverflowError, "signed integer is greater than maximum"):
                call(2**31)
            with self.raises(OverflowError, "signed integer is less than minimum"):
                call(-(2**31) - 1)

    def test_prefault_is_a_byte(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        index.build(1)
        index.save("x.ann", 255)
        with self.raises(OverflowError, "unsigned byte integer is greater than maximum"):
            index.load("x.ann", 256)
        with self.raises(OverflowError, "unsigned byte integer is less than minimum"):
            index.save("x.ann", -1)

    def test_file_names_are_strings(self):
        index = AnnoyIndex(2, "euclidean")
        index.build(1)
        for call in (index.load, index.save, index.on_disk_build):
            for wrong, name in ((3, "int"), (3.5, "float"), (True, "bool"), (None, "None"), (["x"], "list"), (str, "type")):
                with self.raises(TypeError, f"argument 1 must be str, not {name}"):
                    call(wrong)
                with self.raises(TypeError, f"argument 1 must be str, not {name}"):
                    call(fn=wrong)
            with self.raises(ValueError, "embedded null character"):
                call("x\0")


if __name__ == "__main__":
    unittest.main()
