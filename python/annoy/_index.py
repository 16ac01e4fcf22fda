"""AnnoyIndex: Annoy's class, whose methods are in the extension, and what goes beyond it."""

from ._arrays import bytes_of, check_jobs, ids_buffer, matrix_of, results, unpicklable, whole
from ._library import core as _core


class Annoy(_core.Index):  # the name that Annoy's own class has; it is imported as AnnoyIndex
    """AnnoyIndex(f, metric): an index of vectors of f numbers, in Annoy's file format.

    metric is "angular", "euclidean", "manhattan", "hamming", "dot", or "cosine" (1 - cos, whose files are angular's).

    Every method is Annoy's, but for add_items, get_nns_by_vectors, to_bytes, from_bytes, verify and stats. len() is get_n_items().
    As a context manager it is unloaded at the end. A pickle of it holds the path of its file, which must have been saved or loaded.

    All methods may be called from any thread; searches run side by side, without Python's lock. After a fork, an index
    that was built or loaded works in the child; items that were only added raise RuntimeError there.
    """

    __slots__ = ()
    __module__ = "annoy"

    def add_items(self, ids, vectors):
        """Adds vectors, the rows of a matrix, under ids; None: under those that follow the largest, from 0 on.

        A float32 matrix whose rows are contiguous is read in place, anything else is converted first. Where one is refused (NaN, Inf,
        a negative id), those before it have been added.
        """
        if ids is not None:
            ids = ids_buffer(ids)
        self._add_items(ids, matrix_of(vectors))

    def get_nns_by_vectors(
        self,
        vectors,
        n,
        search_k=-1,
        include_distances=False,
        *,
        n_jobs=-1,
        recall=None,
        filter=None,
        max_distance=None,
        min_product=None,
    ):
        """Returns the n closest items to every row of a matrix: an int64 array of a row for each, filled up with -1; with
        include_distances also a float32 array of the distances, filled up with NaN, as a tuple. It has n columns, or as many as
        there are items where n is more.

        n_jobs: threads; -1: one a processor. The other arguments are those of get_nns_by_vector. Without numpy the arrays
        are memoryviews.
        """
        n = whole("n", n, 0, 2**63 - 1)
        ids, distances = self._search_many(
            matrix_of(vectors), n, search_k, recall, filter, max_distance, min_product, check_jobs(n_jobs), results
        )
        return (ids, distances) if include_distances else ids

    def to_bytes(self):
        """Returns the bytes that save() would write to the file: what another process can make an index of with from_bytes."""
        return self._to_bytes()

    @classmethod
    def from_bytes(cls, data, f, metric):
        """Makes an index of the bytes of a file. Bytes are read in place, other buffers are copied."""
        index = cls(f, metric)
        index._load_bytes(bytes_of(data))
        return index

    def verify(self, progress=None):
        """Proves the whole index: every item, every tree and, for a file with its .meta, all bytes. OSError says what is wrong."""
        self._verify(progress)

    def stats(self):
        """Describes the index, as a dict."""
        import json

        return json.loads(self._stats())

    @property
    def metric(self):
        """The name of the metric."""
        return self._shape()[1]

    def __len__(self):
        return self.get_n_items()

    def __bool__(self):
        return True  # as without __len__, which Annoy's class does not have

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.unload()

    def __reduce__(self):
        path = self._source()
        if path is None:
            raise unpicklable(self)
        return _loaded, (type(self), self.f, self.metric, path)


AnnoyIndex = Annoy


def _loaded(cls, f, metric, path):
    index = cls(f, metric)
    index.load(path)
    return index
