"""KNeighborsTransformer in scikit-learn: its own checks of estimators, and beside its exact transformer."""

import multiprocessing
import pickle
import unittest
import warnings

import numpy as np
from sklearn import neighbors
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from annoy import KNeighborsTransformer

KINDS = ("canopy", "forest")


def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float32), y


class Checks(unittest.TestCase):
    def test_scikit_learns_own(self):
        for kind in KINDS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of checks that scikit-learn skips
                results = check_estimator(KNeighborsTransformer(n_neighbors=2, index=kind), on_skip=None)
            self.assertGreater(len([r for r in results if r["status"] == "passed"]), 30)

    def test_parameters(self):
        default = KNeighborsTransformer()
        changed = clone(default).set_params(n_neighbors=7, index="forest", n_trees=3)
        self.assertEqual((changed.n_neighbors, changed.n_trees, default.n_neighbors), (7, 3, 5))
        with self.assertRaises(TypeError):
            KNeighborsTransformer(5)

    def test_mistakes(self):
        X = np.zeros((5, 3), np.float32)
        for name, value in (("metric", "dot"), ("metric", "banana"), ("index", "tree"), ("mode", "x"), ("n_neighbors", 0)):
            with self.assertRaisesRegex(ValueError, name):
                KNeighborsTransformer(**{name: value}).fit(X)
        with self.assertRaisesRegex(ValueError, "n_neighbors <= n_samples_fit"):
            KNeighborsTransformer(n_neighbors=5).fit_transform(X)
        with self.assertRaises(NotFittedError):
            KNeighborsTransformer().transform(X)
        with self.assertRaisesRegex(ValueError, "NaN"):
            KNeighborsTransformer().fit(np.full((5, 3), np.nan))


class Graphs(unittest.TestCase):
    def exact(self, X, Q, n, metric, mode="distance"):
        return neighbors.KNeighborsTransformer(n_neighbors=n, metric=metric, mode=mode, algorithm="brute").fit(X).transform(Q)

    def test_beside_the_exact_one(self):
        X, _ = digits()
        Q = X[:200]
        for kind in KINDS:
            for metric in ("euclidean", "l1", "cosine"):
                with self.subTest(index=kind, metric=metric):
                    want = self.exact(X, Q, 10, metric)
                    got = KNeighborsTransformer(n_neighbors=10, metric=metric, index=kind).fit(X).transform(Q)
                    self.assertEqual((got.shape, got.nnz, got.dtype), (want.shape, want.nnz, np.float32))
                    a, b = got.data.reshape(200, 11), np.sort(want.data.reshape(200, 11), axis=1)
                    self.assertTrue((np.diff(a, axis=1) >= 0).all())
                    # Of 11 distances each, nearly all are the exact ones.
                    self.assertGreater((a <= b[:, -1:] * (1 + 1e-5) + 1e-5).mean(), 0.9)
                    np.testing.assert_allclose(a[:, 0], 0, atol=1e-3)

    def test_exact_with_recall_1(self):
        X, _ = digits()
        got = KNeighborsTransformer(n_neighbors=10, recall=1).fit(X).transform(X[:200])
        want = self.exact(X, X[:200], 10, "euclidean")
        np.testing.assert_allclose(got.data.reshape(200, 11), np.sort(want.data.reshape(200, 11), axis=1), rtol=1e-4, atol=1e-4)

    def test_connectivity(self):
        X, _ = digits()
        for kind in KINDS:
            got = KNeighborsTransformer(n_neighbors=10, mode="connectivity", index=kind).fit(X).transform(X[:50])
            self.assertEqual((got.shape, got.nnz, set(got.data)), ((50, len(X)), 500, {1.0}))

    def test_rows_are_full_whatever_a_search_finds(self):
        X, _ = digits()
        got = KNeighborsTransformer(n_neighbors=500, index="forest", n_trees=1, search_k=1).fit(X).transform(X[:20])
        self.assertTrue((np.diff(got.indptr) == 501).all())
        want = self.exact(X, X[:20], 500, "euclidean")
        np.testing.assert_allclose(got.data.reshape(20, 501), np.sort(want.data.reshape(20, 501), axis=1), rtol=1e-4, atol=1e-4)

    def test_names_of_columns(self):
        X, _ = digits()
        names = KNeighborsTransformer().fit(X).get_feature_names_out()
        self.assertEqual((len(names), names[0]), (len(X), "kneighborstransformer0"))

    def test_seeds(self):
        X, _ = digits()

        def graph(seed):
            return KNeighborsTransformer(index="forest", n_trees=1, random_state=seed).fit(X).transform(X)

        self.assertEqual((graph(1) != graph(1)).nnz, 0)
        self.assertEqual((graph(None) != graph(None)).nnz, 0)
        self.assertGreater((graph(1) != graph(2)).nnz, 0)


class Use(unittest.TestCase):
    def test_classifier(self):
        X, y = digits()
        for kind in KINDS:
            classifier = make_pipeline(
                KNeighborsTransformer(n_neighbors=8, index=kind), neighbors.KNeighborsClassifier(n_neighbors=5, metric="precomputed")
            )
            self.assertGreater(cross_val_score(classifier, X, y, cv=3).mean(), 0.95)

    def test_grid_search_in_processes(self):
        X, y = digits()
        classifier = make_pipeline(KNeighborsTransformer(n_neighbors=12), neighbors.KNeighborsClassifier(metric="precomputed"))
        search = GridSearchCV(classifier, {"kneighborsclassifier__n_neighbors": [3, 10]}, cv=2, n_jobs=2).fit(X[:600], y[:600])
        self.assertGreater(search.best_score_, 0.9)

    def test_dbscan(self):
        X = np.concatenate([np.random.default_rng(1).normal(size=(100, 4)) + 20 * i for i in range(3)])
        graph = KNeighborsTransformer(n_neighbors=20).fit_transform(X)
        labels = DBSCAN(eps=3, metric="precomputed").fit_predict(graph)
        for i in range(3):
            values, counts = np.unique(labels[100 * i : 100 * (i + 1)], return_counts=True)
            self.assertGreater(counts.max(), 90)

    def test_pickle(self):
        X, _ = digits()
        for kind in KINDS:
            fitted = KNeighborsTransformer(index=kind).fit(X)
            again = pickle.loads(pickle.dumps(fitted))
            self.assertEqual((fitted.transform(X[:50]) != again.transform(X[:50])).nnz, 0)
            unfitted = pickle.loads(pickle.dumps(KNeighborsTransformer(index=kind)))
            self.assertEqual(unfitted.fit(X).n_samples_fit_, len(X))

    @unittest.skipUnless("fork" in multiprocessing.get_all_start_methods(), "no fork on this system")
    def test_fork(self):
        X, _ = digits()
        for kind in KINDS:
            fitted = KNeighborsTransformer(index=kind).fit(X)
            want = fitted.transform(X[:50])
            with multiprocessing.get_context("fork").Pool(2) as pool:
                for got in pool.map(fitted.transform, [X[:50]] * 4):
                    self.assertEqual((got != want).nnz, 0)


if __name__ == "__main__":
    unittest.main()
