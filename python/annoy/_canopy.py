"""Canopy: the library's own kind of index."""

import base64
import json

from ._arrays import bytes_of, check_jobs, ids_buffer, matrix_of, results, unpicklable, whole
from ._library import core as _core
from ._metrics import ALIASES


class Canopy:
    """Canopy(dim, metric): an index that is asked for recall instead of effort: a k-means tree over compressed vectors.

        canopy = Canopy(384, "angular")
        canopy.add_items(None, matrix)               # or add(id, vector), or add_key("a word", vector)
        canopy.build()
        canopy.save("docs.canopy")

        canopy = Canopy.open("docs.canopy")          # the file says dimension and metric
        ids, distances = canopy.search(query, 10)
        ids, distances = canopy.search_many(queries, 10, recall=0.99)

    Ids are integers of 64 bits, negative ones too. Items have ids or keys, not both. It is calibrated when it is built: a search
    finds, on average, the share recall of the true neighbours (0.95). After save() it is that file, and takes no more items.

    Threads, forks, pickles and the with statement are as with AnnoyIndex.
    """

    __slots__ = ("_core",)
    __module__ = "annoy"

    def __init__(self, dim, metric):
        if not isinstance(metric, str):
            raise TypeError(f"metric is a name, not {type(metric).__name__}")
        self._core = _core.CanopyIndex(dim, ALIASES.get(metric.lower(), metric.lower()))

    @classmethod
    def open(cls, path, *, access="mapped", prefault=False):
        """Opens a file. access: "mapped"; "resident", a copy in memory; or "cold", for files much larger than memory."""
        return cls._made(lambda core: core._open(path, access, prefault))

    @classmethod
    def from_bytes(cls, data):
        """Makes a canopy of the bytes of a file."""
        return cls._made(lambda core: core._load_bytes(bytes_of(data)))

    @classmethod
    def _made(cls, load):
        self = cls.__new__(cls)
        self._core = _core.CanopyIndex(0, None)
        load(self._core)
        self._core._shape()
        return self

    @property
    def dim(self):
        """The number of components of a vector."""
        return self._core._shape()[0]

    @property
    def metric(self):
        """The name of the metric."""
        return self._core._shape()[1]

    def add(self, id, vector):
        """Adds a vector under an id. The last vector of an id counts."""
        self._core.add_item(id, vector)

    def add_items(self, ids, vectors):
        """Adds the rows of a matrix under ids; None: those that follow the largest, from 0 on."""
        if ids is not None:
            ids = ids_buffer(ids)
        self._core._add_items(ids, matrix_of(vectors))

    def add_key(self, key, vector):
        """Adds a vector under a key, a string: key(id) gives it for a hit, lookup(key) the id."""
        self._core._add_key(_text(key), vector)

    def build(
        self, *, n_jobs=-1, seed=0, shape="auto", rows="auto", calibrate=0, queries=None, max_memory=0, metadata=None, progress=None
    ):
        """Builds the index.

        shape: how codes are spent: "auto", "one4", "one8" or "two8". rows: the type that vectors are kept as: "auto" (the narrowest
        that loses nothing), "float32", "float16", "int8" or "uint8". calibrate: by how many items; 0: 1000; -1: not at all.
        queries: a matrix to calibrate by instead, for queries that are unlike the items. max_memory: of a build on disk, in bytes.
        metadata: bytes to keep in the file. progress: is called with what is done, and of what in all (-1: not known).
        """
        options = {
            "jobs": check_jobs(n_jobs), "seed": whole("seed", seed, 0, 2**64 - 1), "shape": shape, "rows": rows,
            "calibrate": whole("calibrate", calibrate, -1, 2**31 - 1), "max_memory": whole("max_memory", max_memory, 0, 2**63 - 1),
            "metadata": base64.b64encode(metadata or b"").decode(),
        }
        self._core._build(json.dumps(options), None if queries is None else matrix_of(queries), progress)

    def on_disk_build(self, path):
        """Keeps what is added, and builds, on disk: path, which ends in .canopy, is the index's file when it is built."""
        self._core.on_disk_build(path)

    def unbuild(self):
        """Lets items be added again after a build."""
        self._core.unbuild()

    def save(self, path):
        """Writes the file, whose name ends in .canopy, and goes on with it."""
        self._core.save(path)

    def search(self, vector, n=10, *, recall=None, search_k=-1, filter=None, max_distance=None, min_product=None):
        """Returns the ids and the distances of the n nearest items, nearest first, as two lists.

        recall: the share of true neighbours to find, on average; default 0.95; 1 is exact. search_k: instead, how many codes to
        scan. filter, max_distance and min_product are those of AnnoyIndex.get_nns_by_vector.
        """
        return self._core.get_nns_by_vector(
            vector, whole("n", n, 0, 2**31 - 1), search_k, True, recall=recall, filter=filter, max_distance=max_distance, min_product=min_product
        )

    def search_by_id(self, id, n=10, *, recall=None, search_k=-1, filter=None, max_distance=None, min_product=None):
        """The same for the vector of an item, which is among its own neighbours."""
        return self._core.get_nns_by_item(
            id, whole("n", n, 0, 2**31 - 1), search_k, True, recall=recall, filter=filter, max_distance=max_distance, min_product=min_product
        )

    def search_many(
        self, vectors, n=10, *, recall=None, search_k=-1, filter=None, max_distance=None, min_product=None, n_jobs=-1
    ):
        """The same for every row of a matrix, on n_jobs threads: two arrays, int64 filled up with -1 and float32 with NaN, of n
        columns, or of as many as there are items where n is more."""
        n = whole("n", n, 0, 2**63 - 1)
        return self._core._search_many(
            matrix_of(vectors), n, search_k, recall, filter, max_distance, min_product, check_jobs(n_jobs), results
        )

    def vector(self, id):
        """Returns the vector of an item, as a list. IndexError where there is none."""
        return self._core.get_item_vector(id)

    def distance(self, i, j):
        """Returns the distance of two items; for dot their product."""
        return self._core.get_distance(i, j)

    def key(self, id):
        """Returns the key that an item was added with, "" where it has none."""
        return self._core._key(id)

    def lookup(self, key):
        """Returns the id of a key. KeyError where no item has it."""
        return self._core._lookup(_text(key))

    def metadata(self):
        """Returns the bytes that were given to build()."""
        return self._core._metadata()

    def stats(self):
        """Describes the index, its file and its calibration, as a dict."""
        return json.loads(self._core._stats())

    def verify(self, progress=None):
        """Proves the whole file. OSError says what is wrong, and where."""
        self._core._verify(progress)

    def to_bytes(self):
        """Returns the bytes of the file."""
        return self._core._to_bytes()

    def close(self):
        """Gives up the file, or all items. Searches that are under way end first."""
        self._core.unload()

    def __len__(self):
        # Until the build, an item counts each time that it is added.
        return self._core.get_n_items()

    def __bool__(self):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __reduce__(self):
        path = self._core._source()
        if path is None:
            raise unpicklable(self)
        return _opened, (type(self), path)

    def __repr__(self):
        dim, metric = self._core._shape()
        return f"<annoy.Canopy of {len(self)} items, {dim} dimensions, {metric}>"


def _text(key):
    if not isinstance(key, str):
        raise TypeError(f"a key is a string, not {type(key).__name__}")
    return key


def _opened(cls, path):
    return cls.open(path)
