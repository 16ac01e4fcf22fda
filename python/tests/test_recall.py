"""Searches of a forest that ask for a recall."""

import multiprocessing.pool
import unittest

from annoy import AnnoyIndex
from common import DIM, vectors


class ForestRecall(unittest.TestCase):
    """A forest has no calibration: the first search for a recall measures."""

    def setUp(self):
        # A hole, and every item known by its place.
        self.rows = vectors(3000, seed=5)

    def index(self, metric):
        index = AnnoyIndex(DIM, metric)
        index.set_seed(3)
        for i, row in enumerate(self.rows):
            if i != 30:
                index.add_item(i, row)
        index.build(5)
        return index

    def test_it_is_reached(self):
        for metric in "angular", "euclidean", "dot":
            index = self.index(metric)
            queries = vectors(300, seed=8)
            exact = index.get_nns_by_vectors(queries, 10, recall=1)
            self.assertEqual(exact.tolist(), index.get_nns_by_vectors(queries, 10, search_k=10**6).tolist())
            last = 0
            for recall in 0.5, 0.8, 0.95:
                found = index.get_nns_by_vectors(queries, 10, recall=recall)
                share = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), exact.tolist())) / 3000
                self.assertGreater(share, recall - 0.06, (metric, recall))
                self.assertGreater(share, last, (metric, recall))
                last = share
            few = index.get_nns_by_vectors(queries, 10, recall=0.5)
            share = sum(len(set(a) & set(b)) for a, b in zip(few.tolist(), exact.tolist())) / 3000
            self.assertLess(share, 0.85, metric)  # and not far exceeded
            one = [index.get_nns_by_vector(q, 10, recall=0.8) for q in queries[:20]]
            self.assertEqual(one, index.get_nns_by_vectors(queries[:20], 10, recall=0.8).tolist())

    def test_threads_and_changes(self):
        index = self.index("euclidean")
        with multiprocessing.pool.ThreadPool(8) as pool:
            answers = pool.map(lambda i: index.get_nns_by_item(i % 5, 4, recall=0.9), range(200))
        self.assertEqual(answers, answers[:5] * 40)
        index.unbuild()
        self.assertEqual(index.get_nns_by_item(0, 3, recall=0.9), [])
        index.build(10)
        self.assertEqual(index.get_nns_by_item(0, 1, recall=0.9), [0])
        self.assertEqual(sorted(index.get_nns_by_item(0, 5000, recall=0.9)), [i for i in range(3000) if i != 30])
        with self.assertRaisesRegex(ValueError, "recall is 0"):
            index.get_nns_by_item(0, 1, recall=0)


if __name__ == "__main__":
    unittest.main()
