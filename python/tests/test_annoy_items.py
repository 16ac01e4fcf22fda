"""Adding items and reading them back, as Annoy 1.17.3 does it: what may be a vector, and what each mistake raises."""

import array
import decimal
import fractions
import unittest

from annoy import AnnoyIndex

from annoy_case import METRICS, OURS, AnnoyCase, index_of, mended, vectors


class Vectors(AnnoyCase):
    """Anything with a length and elements that are numbers."""

    def added(self, vector, f=2):
        index = AnnoyIndex(f, "euclidean")
        self.assertIsNone(index.add_item(0, vector))
        return index.get_item_vector(0)

    def test_sequences(self):
        class Sequence:
            def __len__(self):
                return 2

            def __getitem__(self, i):
                return (1.5, 2.0)[i]

        for vector in ([1.5, 2], (1.5, 2), array.array("d", [1.5, 2]), array.array("f", [1.5, 2]), Sequence()):
            self.assertEqual(self.added(vector), [1.5, 2.0])
        self.assertEqual(self.added({0: 1.5, 1: 2}), [1.5, 2.0])
        self.assertEqual(self.added(b"\x01\x02"), [1.0, 2.0])
        self.assertEqual(self.added(bytearray(b"\x01\xff")), [1.0, 255.0])
        self.assertEqual(self.added(range(5, 7)), [5.0, 6.0])
        self.assertEqual(self.added(memoryview(array.array("f", [1.5, 2]))), [1.5, 2.0])
        self.assertEqual(self.added(memoryview(array.array("h", [1, -2]))), [1.0, -2.0])
        self.assertEqual(self.added(memoryview(array.array("d", [1, 0, 2, 0]))[::2]), [1.0, 2.0])

    def test_elements(self):
        class Half:
            def __float__(self):
                return 0.5

        class Five:
            def __index__(self):
                return 5

        self.assertEqual(self.added([Half(), Five()]), [0.5, 5.0])
        self.assertEqual(self.added([True, False]), [1.0, 0.0])
        self.assertEqual(self.added([decimal.Decimal("0.5"), fractions.Fraction(1, 4)]), [0.5, 0.25])

    def test_components_are_float32(self):
        self.assertEqual(self.added([0.1, 1 / 3]), [0.10000000149011612, 0.3333333432674408])
        self.assertEqual(self.added([2**24 + 1, -(2**24) - 1]), [2.0**24, -(2.0**24)])

    def test_reads_give_new_lists_of_floats(self):
        index = index_of([[1.0, 2.0]], trees=None)
        got = index.get_item_vector(0)
        self.assertEqual([type(got), type(got[0])], [list, float])
        got[0] = 7.0
        self.assertEqual(index.get_item_vector(0), [1.0, 2.0])

    def test_vectors_are_copied(self):
        index, vector = AnnoyIndex(2, "euclidean"), [1.0, 2.0]
        index.add_item(0, vector)
        vector[0] = 7.0
        self.assertEqual(index.get_item_vector(0), [1.0, 2.0])

    def test_all_metrics_give_back_what_was_added(self):
        for metric in METRICS:
            rows = vectors(20, 70, metric=metric)
            index = index_of(rows, metric, trees=None)
            self.assertEqual([index.get_item_vector(i) for i in range(20)], rows)
            index.build(3)
            self.assertEqual([index.get_item_vector(i) for i in range(20)], rows)
            index.save("x.ann")
            self.assertEqual([index.get_item_vector(i) for i in range(20)], rows)

    def test_hamming_is_thresholded(self):
        index = AnnoyIndex(6, "hamming")
        index.add_item(0, [0.5, 0.51, -3, 7, 0, 1])
        self.assertEqual(index.get_item_vector(0), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0])


class Mistakes(AnnoyCase):
    def setUp(self):
        super().setUp()
        self.index = AnnoyIndex(2, "euclidean")

    def test_wrong_length(self):
        for length in (0, 1, 3, 1002):
            with self.raises(IndexError, f"Vector has wrong length (expected 2, got {length})"):
                self.index.add_item(0, [0.0] * length)
            with self.raises(IndexError, f"Vector has wrong length (expected 2, got {length})"):
                self.index.get_nns_by_vector((0.0,) * length, 1)

    def test_no_length(self):
        class Nothing:
            pass

        for what, name in ((Nothing(), "Nothing"), (None, "NoneType"), (3, "int"), ((x for x in "ab"), "generator")):
            with self.raises(TypeError, f"object of type '{name}' has no len()"):
                self.index.add_item(0, what)

    def test_no_elements(self):
        class Box:
            def __len__(self):
                return 2

        with self.raises(TypeError, "'Box' object is not subscriptable"):
            self.index.add_item(0, Box())
        with self.raises(TypeError, "'set' object is not subscriptable"):
            self.index.add_item(0, {1, 2})

    def test_exceptions_of_the_vector_come_out(self):
        class Broken:
            def __len__(self):
                return 2

            def __getitem__(self, i):
                raise KeyError(i)

        class Endless:
            def __len__(self):
                raise RuntimeError("no end")

        with self.raises(KeyError, "0"):
            self.index.add_item(0, Broken())
        with self.raises(RuntimeError, "no end"):
            self.index.add_item(0, Endless())

    def test_elements_that_are_no_numbers(self):
        for vector, name in ((["1", "2"], "str"), ("12", "str"), ([1, None], "NoneType")):
            with self.raises(TypeError, f"must be real number, not {name}"):
                self.index.add_item(0, vector)
        with self.assertRaisesRegex(TypeError, "complex"):  # in other words from one Python to the next
            self.index.add_item(0, [1j, 2])
        with self.raises(OverflowError, "int too large to convert to float"):
            self.index.add_item(0, [10**400, 1])

    def test_a_failed_add_adds_nothing(self):
        for vector in ([1], ["a", "b"], None):
            with self.assertRaises((IndexError, TypeError)):
                self.index.add_item(9, vector)
        self.assertEqual(self.index.get_n_items(), 0)

    def test_negative_id(self):
        with self.raises(IndexError, "Item index can not be negative"):
            self.index.add_item(-1, [1, 2])

    def test_ids_out_of_range(self):
        self.index.add_item(3, [1, 2])
        for call in (
            self.index.get_item_vector,
            lambda i: self.index.get_distance(i, 3),
            lambda i: self.index.get_distance(3, i),
            lambda i: self.index.get_nns_by_item(i, 1),
        ):
            for i in (-1000, -1):
                with self.raises(IndexError, "Item index can not be negative"):
                    call(i)
            for i in (4, 1000):
                with self.raises(IndexError, "Item index larger than the largest item index"):
                    call(i)

    @mended("Annoy takes them, and ranks NaN first")
    def test_not_finite(self):
        for bad in (float("nan"), float("inf"), -float("inf")):
            with self.assertRaisesRegex(ValueError, "7.*component 1"):
                self.index.add_item(7, [0, bad])
        self.assertEqual(self.index.get_n_items(), 0)

    @mended("Annoy stores them as Inf")
    def test_too_large_for_float32(self):
        with self.assertRaises(ValueError):
            self.index.add_item(0, [1e300, 1])


class Ids(AnnoyCase):
    def test_ids_in_any_order(self):
        rows = vectors(50, 3)
        index = AnnoyIndex(3, "euclidean")
        for i in sorted(range(50), key=lambda i: i * 7919 % 50):
            index.add_item(i, rows[i])
        index.build(5)
        self.assertEqual(index.get_n_items(), 50)
        self.assertEqual([index.get_item_vector(i) for i in range(50)], rows)

    def test_the_last_add_of_an_id_wins(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(0, [1, 2])
        index.add_item(1, [5, 5])
        index.add_item(0, [3, 4])
        self.assertEqual((index.get_n_items(), index.get_item_vector(0)), (2, [3.0, 4.0]))
        index.build(3)
        self.assertEqual(index.get_nns_by_vector([3, 4], 2, include_distances=True)[1][0], 0.0)

    def test_count_is_the_largest_id_plus_one(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(7, [1, 2])
        self.assertEqual(index.get_n_items(), 8)
        index.add_item(3, [1, 2])
        self.assertEqual(index.get_n_items(), 8)

    def test_holes_are_never_found(self):
        for metric in METRICS:
            rows = vectors(100, 8, metric=metric)
            index = AnnoyIndex(8, metric)
            ids = [i * 3 + 1 for i in range(100)]
            for i, row in zip(ids, rows):
                index.add_item(i, row)
            index.build(10)
            self.assertEqual(index.get_n_items(), 299)
            self.assertEqual(sorted(index.get_nns_by_vector(rows[0], 10000)), ids)
            self.assertEqual(sorted(index.get_nns_by_item(ids[5], 10000)), ids)
            index.save("x.ann")
            loaded = AnnoyIndex(8, metric)
            loaded.load("x.ann")
            self.assertEqual(loaded.get_n_items(), 299)
            self.assertEqual(sorted(loaded.get_nns_by_vector(rows[0], 10000)), ids)

    def test_a_hole_is_a_vector_of_zeros(self):
        index = AnnoyIndex(2, "euclidean")
        index.add_item(2, [3, 4])
        self.assertEqual(index.get_item_vector(1), [0.0, 0.0])
        self.assertNear(index.get_distance(1, 2), 5)
        index.build(2)
        index.save("x.ann")
        self.assertEqual(index.get_item_vector(1), [0.0, 0.0])
        self.assertNear(index.get_distance(1, 2), 5)
        self.assertEqual(index.get_nns_by_item(1, 5, include_distances=True), ([2], [5.0]))


    @mended("what the trees left in memory is their vectors")
    def test_holes_after_an_unbuild(self):
        index = index_of(vectors(10, 2))
        index.unbuild()
        index.add_item(20, [5, 5])
        self.assertEqual([index.get_item_vector(i) for i in range(10, 20)], [[0.0, 0.0]] * 10)


class Distances(AnnoyCase):
    """get_distance before a build, after it, and of a loaded file."""

    WANT = {
        "angular": lambda a, b: max(0, 2 - 2 * sum(x * y for x, y in zip(a, b)) / (norm(a) * norm(b))) ** 0.5,
        "euclidean": lambda a, b: sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5,
        "manhattan": lambda a, b: sum(abs(x - y) for x, y in zip(a, b)),
        "hamming": lambda a, b: float(sum(x != y for x, y in zip(a, b))),
        "dot": lambda a, b: sum(x * y for x, y in zip(a, b)),
    }

    def test_distances(self):
        for metric, want in self.WANT.items():
            with self.subTest(metric):
                rows = vectors(12, 33, seed=5, metric=metric)
                index = index_of(rows, metric, trees=None)
                self.check(index, rows, want)
                index.build(3)
                self.check(index, rows, want)
                index.save("x.ann")
                loaded = AnnoyIndex(33, metric)
                loaded.load("x.ann")
                self.check(loaded, rows, want)

    def check(self, index, rows, want):
        for i in range(len(rows)):
            for j in range(i):
                got = index.get_distance(i, j)
                self.assertIs(type(got), float)
                self.assertNear(got, want(rows[i], rows[j]), relative=1e-5, absolute=1e-4)

    def test_angular_of_a_zero_vector(self):
        index = index_of([[1, 0], [0, 0], [0, 0]], "angular", trees=None)
        self.assertNear(index.get_distance(0, 1), 2**0.5)
        self.assertNear(index.get_distance(1, 2), 2**0.5)

    def test_angular_does_not_see_lengths(self):
        index = index_of([[1000, 0], [10, 0], [42, 42], [-3, 0]], "angular", trees=None)
        self.assertLess(index.get_distance(0, 1) ** 2, 2e-6)
        self.assertNear(index.get_distance(0, 2), (2 - 2**0.5) ** 0.5)
        self.assertNear(index.get_distance(0, 3), 2)

    def test_no_cancellation(self):
        # Distances from expanded products would be zero here.
        index = index_of([[0.7125930], [0.7123166]], "euclidean", trees=None)
        self.assertGreater(index.get_distance(0, 1), 0)


def norm(a):
    return sum(x * x for x in a) ** 0.5


class Attribute(AnnoyCase):
    def test_f(self):
        index = AnnoyIndex(7, "angular")
        self.assertEqual(index.f, 7)
        self.assertIs(type(index.f), int)

    @mended("there it can be set, and the next vector is read with the new length into memory for the old one")
    def test_f_is_read_only(self):
        index = AnnoyIndex(7, "angular")
        with self.assertRaises(AttributeError):
            index.f = 3
        self.assertEqual(index.f, 7)


@unittest.skipUnless(OURS, "a plain class of Annoy has no attributes of its own")
class Extras(AnnoyCase):
    def test_len_counts_as_get_n_items(self):
        index = index_of([[1, 2], [3, 4]], trees=None)
        self.assertEqual(len(index), index.get_n_items())


if __name__ == "__main__":
    unittest.main()
