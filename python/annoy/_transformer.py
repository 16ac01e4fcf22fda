"""KNeighborsTransformer: a graph of nearest neighbours for scikit-learn. Imported when it is first asked for."""

try:
    import joblib
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as e:
    raise ImportError("annoy.KNeighborsTransformer needs scikit-learn 1.6 or later: pip install scikit-learn") from e

from ._canopy import Canopy
from ._index import AnnoyIndex

# Scikit-learn's own names for some of the metrics.
_METRICS = {"l1": "manhattan", "cityblock": "manhattan", "l2": "euclidean"}
# What a graph of distances can be made of: a product is no distance.
_KNOWN = ("euclidean", "manhattan", "cosine", "angular", "hamming")
_ALL = 2**31 - 1  # a search_k that makes every search exact


class KNeighborsTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """KNeighborsTransformer(*, n_neighbors=5, mode="distance", metric="euclidean", ...): the approximate stand-in for
    sklearn.neighbors.KNeighborsTransformer, for estimators with metric="precomputed": DBSCAN, TSNE, Isomap,
    SpectralClustering, KNeighborsClassifier and others.

        make_pipeline(KNeighborsTransformer(n_neighbors=20), KNeighborsClassifier(n_neighbors=5, metric="precomputed"))

    transform(X) gives a CSR matrix, len(X) rows by as many columns as samples were fitted, that holds for each sample
    the distances (float32) to its neighbours, nearest first; with mode="connectivity" ones. As in scikit-learn,
    mode="distance" gives one neighbour more than n_neighbors, since a fitted sample is its own nearest.

    n_neighbors: of each sample, at most as many as are fitted.
    metric: "euclidean" ("l2"), "manhattan" ("l1", "cityblock"), "cosine" (1 - cos), "angular", which is Annoy's, or
        "hamming", a count of components on different sides of 0.5.
    index: "canopy", which is faster, or "forest", which is Annoy's.
    recall: the share of true neighbours that a canopy finds on average, above 0 and at most 1, which is exact.
    n_trees, search_k: of a forest, as AnnoyIndex.build and get_nns_by_vector have them.
    random_state: an int, a RandomState, or None for always the same seed.
    n_jobs: threads; None and negative numbers as in scikit-learn.

    Attributes of a fitted one: n_features_in_, n_samples_fit_, effective_metric_. A pickle holds the whole index.
    """

    def __init__(
        self,
        *,
        n_neighbors=5,
        mode="distance",
        metric="euclidean",
        index="canopy",
        recall=0.95,
        n_trees=50,
        search_k=-1,
        random_state=None,
        n_jobs=None,
    ):
        self.n_neighbors = n_neighbors
        self.mode = mode
        self.metric = metric
        self.index = index
        self.recall = recall
        self.n_trees = n_trees
        self.search_k = search_k
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y=None):
        """Builds the index of X, samples by features. y is ignored."""
        metric = _METRICS.get(self.metric, self.metric)
        if metric not in _KNOWN:
            raise ValueError(f"metric is {self.metric!r}, want one of {', '.join((*_KNOWN, *_METRICS))}")
        if self.index not in ("canopy", "forest"):
            raise ValueError(f"index is {self.index!r}, want 'canopy' or 'forest'")
        self._count()
        X = validate_data(self, X, dtype=np.float32, order="C")
        seed = 0 if self.random_state is None else int(check_random_state(self.random_state).randint(1, 2**31 - 1))
        jobs = joblib.effective_n_jobs(self.n_jobs)
        # The bytes alone are kept: what has just been built holds the vectors that were added, too.
        if self.index == "canopy":
            built = Canopy(X.shape[1], metric)
            built.add_items(None, X)
            built.build(n_jobs=jobs, seed=seed)
            self._index = Canopy.from_bytes(built.to_bytes())
        else:
            built = AnnoyIndex(X.shape[1], metric)
            built.set_seed(seed)
            built.add_items(None, X)
            built.build(self.n_trees, n_jobs=jobs)
            self._index = AnnoyIndex.from_bytes(built.to_bytes(), X.shape[1], metric)
        self.effective_metric_ = metric
        self.n_samples_fit_ = self._n_features_out = len(X)
        return self

    def transform(self, X):
        """Returns the graph of X's neighbours among the fitted samples."""
        check_is_fitted(self)
        n = self._count()
        if n > self.n_samples_fit_:
            raise ValueError(
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {n}, n_samples_fit = {self.n_samples_fit_}"
            )
        X = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        ids, distances = self._search(X, n, exact=False)
        # An estimator on a precomputed graph wants n of each.
        short = np.flatnonzero(ids[:, -1] < 0)
        if len(short):
            ids[short], distances[short] = self._search(X[short], n, exact=True)
        data = distances if self.mode == "distance" else np.ones_like(distances)
        return csr_matrix(
            (data.ravel(), ids.ravel(), np.arange(0, ids.size + 1, n)), shape=(len(X), self.n_samples_fit_)
        )

    def _search(self, X, n, exact):
        jobs = joblib.effective_n_jobs(self.n_jobs)
        if isinstance(self._index, Canopy):
            return self._index.search_many(X, n, recall=1 if exact else self.recall, n_jobs=jobs)
        search_k = _ALL if exact else self.search_k
        return self._index.get_nns_by_vectors(X, n, search_k, include_distances=True, n_jobs=jobs)

    def _count(self):
        """Neighbours to find of a sample."""
        if self.mode not in ("distance", "connectivity"):
            raise ValueError(f"mode is {self.mode!r}, want 'distance' or 'connectivity'")
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors}, want 1 or more")
        return self.n_neighbors + (self.mode == "distance")

    def __getstate__(self):
        state = super().__getstate__()
        if "_index" in state:
            state = {**state, "_index": state["_index"].to_bytes()}
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if isinstance(state.get("_index"), bytes):
            if self.index == "canopy":
                self._index = Canopy.from_bytes(state["_index"])
            else:
                self._index = AnnoyIndex.from_bytes(state["_index"], self.n_features_in_, self.effective_metric_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # distances are float32
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_index")
