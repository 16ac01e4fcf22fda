"""Searching, as Annoy 1.17.3 does it: order, ties, distances, search_k, and what a search of odd counts gives."""

import math
import multiprocessing.pool
import unittest

from annoy import AnnoyIndex

from annoy_case import METRICS, AnnoyCase, index_of, mended, vectors

EVERYTHING = 2**31 - 1


class Answers(AnnoyCase):
    """Small sets, all of whose neighbours are known."""

    def check(self, metric, rows, by_vector, by_item):
        index = index_of(rows, metric)
        index.save("x.ann")
        loaded = AnnoyIndex(len(rows[0]), metric)
        loaded.load("x.ann")
        for index in (index, loaded):
            for query, (ids, distances) in by_vector:
                self.answer(index.get_nns_by_vector, query, ids, distances)
            for item, (ids, distances) in by_item:
                self.answer(index.get_nns_by_item, item, ids, distances)

    def answer(self, search, query, ids, distances):
        got = search(query, len(ids), include_distances=True)
        self.assertEqual([type(part) for part in got], [list, list])
        self.assertEqual((type(got), type(got[0][0]), type(got[1][0])), (tuple, int, float))
        self.assertEqual(got[0], ids)
        self.assertNear(got[1], distances)
        self.assertEqual(search(query, len(ids)), ids)
        for n in range(len(ids)):
            self.assertEqual(search(query, n, EVERYTHING), ids[:n])

    def test_angular(self):
        self.check(
            "angular",
            [[0, 0, 1], [0, 1, 1], [1, 1, 1], [-1, 0, -7]],
            [([0, 0, 9], ([0, 1, 2, 3], [0, (2 - 2**0.5) ** 0.5, (2 - 2 / 3**0.5) ** 0.5, (2 + 14 / 50**0.5) ** 0.5]))],
            [(1, ([1, 2, 0, 3], [0, (2 - 2 * (2 / 3) ** 0.5) ** 0.5, (2 - 2**0.5) ** 0.5, 3.4**0.5]))],
        )

    def test_euclidean(self):
        self.check(
            "euclidean",
            [[0, 0, 2], [0, 1, 1], [1, 0, 0]],
            [([2, 2, 2], ([1, 0, 2], [6**0.5, 8**0.5, 3]))],
            [(0, ([0, 1, 2], [0, 2**0.5, 5**0.5]))],
        )

    def test_manhattan(self):
        self.check(
            "manhattan",
            [[0, 0, 2], [0, 1, 1], [1, 0, 0]],
            [([2, 2, 1], ([1, 2, 0], [3, 4, 5]))],
            [(0, ([0, 1, 2], [0, 2, 3]))],
        )

    def test_dot(self):
        # The product itself, largest first: the item asked for need not be first.
        self.check(
            "dot",
            [[2, 2], [3, 2], [3, 3], [-1, 0]],
            [([4, 2], ([2, 1, 0, 3], [18, 16, 12, -4]))],
            [(0, ([2, 1, 0, 3], [12, 10, 8, -2]))],
        )

    def test_hamming(self):
        self.check(
            "hamming",
            [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 1, 1]],
            [([0, 0, 0, 1], ([0, 3, 2, 1], [1, 1, 2, 3]))],
            [(2, ([2, 0, 1, 3], [0, 1, 3, 3]))],
        )


class Order(AnnoyCase):
    def test_ties_go_to_the_smaller_id(self):
        for metric in METRICS:
            rows = vectors(60, 5, metric=metric) * 3
            index = index_of(rows, metric)
            for item in range(0, 180, 7):
                ids, distances = index.get_nns_by_item(item, 180, EVERYTHING, True)
                self.assertEqual(len(ids), 180)
                pairs = list(zip([-d for d in distances] if metric == "dot" else distances, ids))
                self.assertEqual(pairs, sorted(pairs))

    def test_by_item_answers_are_those_of_its_vector(self):
        for metric in METRICS:
            index = index_of(vectors(300, 9, metric=metric), metric)
            for item in range(0, 300, 17):
                vector = index.get_item_vector(item)
                self.assertEqual(
                    index.get_nns_by_item(item, 300, EVERYTHING, True),
                    index.get_nns_by_vector(vector, 300, EVERYTHING, True),
                )

    def test_an_item_behind_its_double(self):
        index = index_of([[1, 2], [5, 5], [1, 2]])
        self.assertEqual(index.get_nns_by_item(2, 3), [0, 2, 1])

    def test_everything_is_exact(self):
        for metric in METRICS:
            rows = vectors(200, 12, seed=3, metric=metric)
            index = index_of(rows, metric)
            for query in vectors(5, 12, seed=4, metric=metric):
                ids, distances = index.get_nns_by_vector(query, 20, 200 * 10, True)
                want = sorted((distance(metric, query, row) for row in rows), reverse=metric == "dot")[:20]
                self.assertNear(distances, want, relative=1e-5, absolute=1e-3)
                self.assertNear(distances, [distance(metric, query, rows[i]) for i in ids], 1e-5, 1e-3)


def distance(metric, a, b):
    pairs = list(zip(a, b))
    if metric == "angular":
        return max(0, 2 - 2 * sum(x * y for x, y in pairs) / (math.hypot(*a) * math.hypot(*b))) ** 0.5
    if metric == "euclidean":
        return math.dist(a, b)
    if metric == "dot":
        return sum(x * y for x, y in pairs)
    return sum(abs(x - y) for x, y in pairs)


class Counts(AnnoyCase):
    def setUp(self):
        super().setUp()
        self.index = index_of(vectors(100, 4))

    def test_n(self):
        self.assertEqual(self.index.get_nns_by_item(0, 0), [])
        self.assertEqual(self.index.get_nns_by_item(0, 0, -1, True), ([], []))
        self.assertEqual(len(self.index.get_nns_by_item(0, 7)), 7)
        self.assertEqual(len(self.index.get_nns_by_item(0, 10**6)), 100)
        self.assertEqual(len(self.index.get_nns_by_item(0, 999999999)), 100)
        self.assertEqual(len(self.index.get_nns_by_item(0, 2**31 - 1)), 100)

    def test_more_search_finds_no_less(self):
        index = index_of(vectors(2000, 20), trees=5)
        query = vectors(1, 20, seed=9)[0]
        last = None
        for k in (1, 100, 500, 2000, 10000):
            ids, distances = index.get_nns_by_vector(query, 10, k, True)
            if last is not None:
                self.assertGreaterEqual(len(ids), len(last))
                for a, b in zip(distances, last):
                    self.assertLessEqual(a, b)
            last = distances

    def test_default_search_k_is_n_times_trees(self):
        index = index_of(vectors(2000, 20), trees=5)
        for query in vectors(20, 20, seed=9):
            want = index.get_nns_by_vector(query, 10, 50, True)
            self.assertEqual(index.get_nns_by_vector(query, 10, include_distances=True), want)
            self.assertEqual(index.get_nns_by_vector(query, 10, -1, True), want)

    def test_a_small_search_may_find_fewer(self):
        # One leaf of four components holds no more than eight ids.
        self.assertLess(len(index_of(vectors(2000, 4)).get_nns_by_item(0, 100, 1)), 100)

    def test_negative_n_is_no_limit(self):
        for n in (-1, -5):
            self.assertEqual(self.index.get_nns_by_item(0, n), self.index.get_nns_by_item(0, 100, EVERYTHING))
            self.assertEqual(
                self.index.get_nns_by_vector([0] * 4, n, 50, True), self.index.get_nns_by_vector([0] * 4, 10**6, 50, True)
            )

    def test_search_k_of_nothing(self):
        self.assertEqual(self.index.get_nns_by_item(0, 5, 0), [])
        # Below −1 it is a count above all others.
        self.assertEqual(self.index.get_nns_by_item(0, 5, -7), self.index.get_nns_by_item(0, 5, EVERYTHING))


class Unbuilt(AnnoyCase):
    def test_a_search_before_the_build_finds_nothing(self):
        index = index_of(vectors(100, 4), trees=None)
        self.assertEqual(index.get_nns_by_item(0, 10), [])
        self.assertEqual(index.get_nns_by_vector([0] * 4, 10, include_distances=True), ([], []))
        index.build(3)
        index.unbuild()
        self.assertEqual(index.get_nns_by_item(0, 10), [])

    def test_mistakes_are_mistakes_before_the_build_too(self):
        index = index_of(vectors(100, 4), trees=None)
        with self.raises(IndexError, "Item index larger than the largest item index"):
            index.get_nns_by_item(100, 1)
        with self.raises(IndexError, "Vector has wrong length (expected 4, got 3)"):
            index.get_nns_by_vector([1, 2, 3], 1)


class Queries(AnnoyCase):
    def test_queries_are_what_add_item_takes(self):
        index = index_of([[1, 2], [3, 4]])
        for query in ([3, 4], (3, 4), {0: 3, 1: 4}, b"\x03\x04", range(3, 5)):
            self.assertEqual(index.get_nns_by_vector(query, 1), [1])
        for query, message in ((["3", 4], "must be real number, not str"), (7, "object of type 'int' has no len()")):
            with self.raises(TypeError, message):
                index.get_nns_by_vector(query, 1)

    def test_searches_change_nothing(self):
        index = index_of(vectors(500, 6))
        want = [index.get_nns_by_item(i, 10, include_distances=True) for i in range(50)]
        got = [index.get_nns_by_item(i, 10, include_distances=True) for i in range(50)]
        self.assertEqual(got, want)

    @mended("NaN ranks first")
    def test_not_finite(self):
        index = index_of(vectors(10, 2))
        for bad in (float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                index.get_nns_by_vector([bad, 1], 1)

    def test_threads(self):
        index = index_of(vectors(2000, 10))
        want = [index.get_nns_by_item(i, 20) for i in range(200)]
        with multiprocessing.pool.ThreadPool(8) as pool:
            self.assertEqual(pool.map(lambda i: index.get_nns_by_item(i % 200, 20), range(2000)), want * 10)


class Recall(AnnoyCase):
    """Floors with room below what Annoy and we find, so that a broken forest fails."""

    FLOORS = {"angular": 0.75, "euclidean": 0.75, "manhattan": 0.70, "dot": 0.65}

    def test_recall_at_10(self):
        for metric, floor in self.FLOORS.items():
            rows = vectors(1000, 10, seed=11)
            index = index_of(rows, metric, seed=1)
            found = 0
            for item in range(100):
                _, distances = index.get_nns_by_item(item, 10, include_distances=True)
                exact = sorted((distance(metric, rows[item], row) for row in rows), reverse=metric == "dot")[9]
                slack = 1e-3
                found += sum(d >= exact - slack if metric == "dot" else d <= exact + slack for d in distances)
            self.assertGreaterEqual(found / 1000, floor, metric)


class LongVectors(AnnoyCase):
    """Finite numbers whose squares, or sums, float32 does not hold."""

    def index(self, metric, scale):
        return index_of([[scale * n / 6, scale / n, 0] for n in range(1, 7)], metric, trees=2)

    def test_items(self):
        inf = float("inf")
        for scale in (1e20, 1e30, 3e38):
            index = self.index("euclidean", scale)
            self.assertEqual(index.get_nns_by_item(0, 6, 1000, True), ([0, 1, 2, 3, 4, 5], [0.0] + [inf] * 5))
            self.assertEqual(index.get_distance(0, 1), inf)
            self.assertEqual(index.save("x.ann"), True)
            self.assertEqual(index.get_nns_by_item(0, 6, 1000), [0, 1, 2, 3, 4, 5])
        ids, distances = self.index("manhattan", 3e38).get_nns_by_item(0, 6, 1000, True)
        self.assertEqual((ids, distances[3:]), ([0, 1, 2, 3, 4, 5], [inf] * 3))
        self.assertNear(distances[:3], [0.0, 2e38, 3e38])

    def test_queries(self):
        inf = float("inf")
        for q in ([1e20, -1e20, 0], [1e30, 0, 0], [3e38, -3e38, 3e38]):
            got = self.index("euclidean", 1).get_nns_by_vector(q, 6, 1000, True)
            self.assertEqual(got, ([0, 1, 2, 3, 4, 5], [inf] * 6))
            ids, products = self.index("dot", 1).get_nns_by_vector([abs(q[0]), 0, 0], 6, 1000, True)
            self.assertEqual(ids, [5, 4, 3, 2, 1, 0])
            self.assertNear(products, [abs(q[0]) * n / 6 for n in (6, 5, 4, 3, 2, 1)], relative=1e-6)
        got = self.index("manhattan", 1).get_nns_by_vector([3e38, -3e38, 0], 6, 1000, True)
        self.assertEqual(got, ([0, 1, 2, 3, 4, 5], [inf] * 6))

    @mended("all distances are NaN, or as of orthogonal vectors, and all products Inf")
    def test_refused(self):
        for metric in ("angular", "dot"):
            with self.assertRaisesRegex(ValueError, "overflow of float32: the vector of id 0"):
                self.index(metric, 1e20)
        with self.assertRaisesRegex(ValueError, "overflow of float32: the query"):
            self.index("angular", 1).get_nns_by_vector([1e30, 0, 0], 1)


if __name__ == "__main__":
    unittest.main()
