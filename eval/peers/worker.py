"""One peer's side of a comparison: one JSON request a line in, one JSON answer a line out.

Started as `python -c SOURCE PEER`. Every clock stands around the peer's own calls alone: files are read and arrays
converted before it starts, answers are converted after it has stopped. CPU time is that of all threads of the process.
"""
import gc
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time

# Libraries print to standard output as they like; the answers keep it for themselves.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

numpy = None
CHUNK = 10_000


class Clock:
    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.cpu = time.process_time() - self.cpu
        self.wall = time.perf_counter() - self.wall


def normalised(x):
    """Rows of length 1; a zero row stays zero."""
    norms = numpy.linalg.norm(x, axis=1, keepdims=True)
    norms[norms == 0] = 1
    return x / norms


def even(x):
    """Rows of an even number of components: a zero at the end changes no product and no distance."""
    return x if x.shape[1] % 2 == 0 else numpy.pad(x, ((0, 0), (0, 1)))


def tree_bytes(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files)


class Peer:
    """A library. `metric` is angular, euclidean or dot, for Annoy any of its own; `p` are the build parameters."""

    def __init__(self, metric, dim, p):
        self.metric, self.dim, self.p = metric, dim, p

    def prepare(self, x):
        """The rows in the form that add and search take."""
        return numpy.ascontiguousarray(x)

    def add_unmeasured(self, x):
        """What comes before the build and is a cost of Python, not of the library."""

    def ids(self, found):
        return found.tolist()


class Annoy(Peer):
    def new(self, dim):
        return self.lib.AnnoyIndex(dim, self.metric)

    def prepare(self, x):
        return x.tolist()  # what get_nns_by_vector converts fastest

    def add_unmeasured(self, x):
        self.index = self.new(self.dim)
        for start in range(0, len(x), CHUNK):
            for i, row in enumerate(x[start : start + CHUNK].tolist(), start):
                self.index.add_item(i, row)

    def build(self, x):
        self.index.build(self.p["trees"], n_jobs=-1)

    def save(self, path):
        self.index.save(path)

    def load(self, path, rows):
        self.index = self.new(self.dim)
        self.index.load(path)

    def empty(self):
        self.index = self.new(self.dim)
        self.index.add_item(0, [1.0] * self.dim)
        self.index.build(1)

    def search(self, part, k, knob, extra):
        search = self.index.get_nns_by_vector
        return [search(v, k, knob) for v in part]

    def ids(self, found):
        return found


class Hnswlib(Peer):
    def new(self):
        return self.lib.Index(space={"angular": "cosine", "euclidean": "l2", "dot": "ip"}[self.metric], dim=self.dim)

    def build(self, x):
        self.index = self.new()
        self.index.init_index(max_elements=len(x), M=self.p["M"], ef_construction=self.p["ef_construction"])
        self.index.add_items(x)

    def save(self, path):
        self.index.save_index(path)

    def load(self, path, rows):
        self.index = self.new()
        self.index.load_index(path, max_elements=rows)

    def empty(self):
        self.build(numpy.ones((1, self.dim), numpy.float32))

    def search(self, part, k, knob, extra):
        self.index.set_ef(knob)
        return self.index.knn_query(part, k, num_threads=1)[0]


class Faiss(Peer):
    def inner(self):
        return self.lib.METRIC_L2 if self.metric == "euclidean" else self.lib.METRIC_INNER_PRODUCT

    def prepare(self, x):
        x = even(x)
        return numpy.ascontiguousarray(normalised(x) if self.metric == "angular" else x, dtype=numpy.float32)

    def build(self, x):
        self.index = self.lib.index_factory(x.shape[1], self.p["factory"], self.inner())
        self.index.train(x)
        self.index.add(x)

    def save(self, path):
        self.lib.write_index(self.index, path)

    def load(self, path, rows):
        self.lib.omp_set_num_threads(1)
        self.index = self.lib.read_index(path)
        self.ivf = self.lib.extract_index_ivf(self.index)

    def empty(self):
        self.lib.omp_set_num_threads(1)
        dim = self.dim + self.dim % 2
        self.index, self.ivf = self.lib.IndexFlat(dim, self.inner()), None
        self.index.add(numpy.ones((1, dim), numpy.float32))

    def search(self, part, k, knob, extra):
        if self.ivf is not None:
            self.ivf.nprobe, self.index.k_factor = knob, extra
        return self.index.search(part, k)[1]


class Usearch(Peer):
    def build(self, x):
        self.index = self.lib.Index(
            ndim=self.dim,
            metric={"angular": "cos", "euclidean": "l2sq", "dot": "ip"}[self.metric],
            dtype="f32",
            connectivity=self.p["connectivity"],
            expansion_add=self.p["expansion_add"],
        )
        self.index.add(numpy.arange(len(x), dtype=numpy.uint64), x, threads=0)

    def save(self, path):
        self.index.save(path)

    def load(self, path, rows):
        self.index = self.lib.Index.restore(path)

    def empty(self):
        self.build(numpy.ones((1, self.dim), numpy.float32))

    def search(self, part, k, knob, extra):
        self.index.expansion_search = knob
        return self.index.search(part, k, threads=1)

    def ids(self, found):
        if not hasattr(found, "counts"):  # of one query
            return [found.keys.tolist()]
        return [row[:n].tolist() for row, n in zip(found.keys, found.counts)]


class Voyager(Peer):
    def build(self, x):
        space = {"angular": "Cosine", "euclidean": "Euclidean", "dot": "InnerProduct"}[self.metric]
        self.index = self.lib.Index(
            getattr(self.lib.Space, space), self.dim, M=self.p["M"], ef_construction=self.p["ef_construction"]
        )
        self.index.add_items(x, num_threads=-1)

    def save(self, path):
        self.index.save(path)

    def load(self, path, rows):
        self.index = self.lib.Index.load(path)

    def empty(self):
        self.build(numpy.ones((1, self.dim), numpy.float32))

    def search(self, part, k, knob, extra):
        return self.index.query(part, k, num_threads=1, query_ef=knob)[0]


class Scann(Peer):
    @property
    def ops(self):
        return self.lib.scann_ops_pybind

    def prepare(self, x):
        return numpy.ascontiguousarray(normalised(x) if self.metric == "angular" else x, dtype=numpy.float32)

    def build(self, x):
        p = self.p
        product = self.metric != "euclidean"
        spill = {"soar_lambda": p["soar_lambda"], "overretrieve_factor": p["overretrieve_factor"]} if product else {}
        builder = self.ops.builder(x, 10, "dot_product" if product else "squared_l2")
        builder.set_n_training_threads(os.cpu_count())
        self.index = (
            builder.tree(p["leaves"], 1, training_sample_size=min(len(x), p["training_sample"]), **spill)
            .score_ah(p["dimensions_per_block"], anisotropic_quantization_threshold=0.2 if product else float("nan"))
            .reorder(100)
            .build()
        )

    def save(self, path):
        os.makedirs(path)
        self.index.serialize(path)

    def load(self, path, rows):
        self.index = self.ops.load_searcher(path)

    def empty(self):
        self.index = self.ops.builder(numpy.ones((1, self.dim), numpy.float32), 1, "dot_product").score_brute_force().build()
        self.is_empty = True

    def search(self, part, k, knob, extra):
        if hasattr(self, "is_empty"):
            return self.index.search_batched(part, k)[0]
        return self.index.search_batched(part, k, extra, knob)[0]


peers = {
    "annoy": (Annoy, "annoy", "annoy"),
    "hnswlib": (Hnswlib, "hnswlib", "hnswlib"),
    "faiss": (Faiss, "faiss", "faiss-cpu"),
    "usearch": (Usearch, "usearch.index", "usearch"),
    "voyager": (Voyager, "voyager", "voyager"),
    "scann": (Scann, "scann", "scann"),
}
kind, module, distribution = peers[sys.argv[1]]
measured = hollow = vectors = None


def hello(_):
    """Imports NumPy and the library; both may be absent."""
    global numpy
    numpy = importlib.import_module("numpy")
    kind.lib = importlib.import_module(module)
    return {
        "version": importlib.metadata.version(distribution),
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }


def rows_of(path, count):
    return numpy.load(path, mmap_mode="r")[:count].astype(numpy.float32)


def build(r):
    x = rows_of(r["base"], r["rows"])
    peer = kind(r["metric"], x.shape[1], r["parameters"])
    if kind is not Annoy:
        x = peer.prepare(x)
    peer.add_unmeasured(x)
    with Clock() as c:
        peer.build(x)
    peer.save(r["path"])
    return {"cpu": c.cpu, "wall": c.wall, "bytes": tree_bytes(r["path"])}


def resident():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0  # this system does not tell


def load(r):
    """Loads the saved index into this process, which has held nothing else."""
    global measured, hollow, vectors
    x = rows_of(r["queries"], r["count"])
    measured, hollow = (kind(r["metric"], x.shape[1], r["parameters"]) for _ in range(2))
    vectors = measured.prepare(x)
    hollow.empty()
    hollow.search(vectors[:2], 1, 1, 1)
    gc.collect()
    before = resident()
    measured.load(r["path"], r["rows"])
    return {"resident": max(0, resident() - before), "before": before}


def grown(r):
    return {"resident": max(0, resident() - r["before"])}


def timed(peer, part, k, knob, extra):
    with Clock() as c:
        found = peer.search(part, k, knob, extra)
    return c, found


def run(r):
    part = vectors[r["from"] : r["from"] + r["count"]]
    timed(measured, part[: r["warm"]], r["k"], r["knob"], r["extra"])
    c, found = timed(measured, part, r["k"], r["knob"], r["extra"])
    return {"cpu": c.cpu, "wall": c.wall, "ids": measured.ids(found)}


def empty(r):
    """CPU seconds a query of the same slice searched in an index of one item: the median of several."""
    part = vectors[r["from"] : r["from"] + r["count"]]
    cpu = sorted(timed(hollow, part, 1, 1, 1)[0].cpu for _ in range(r["repeat"]))
    return {"cpu": cpu[len(cpu) // 2] / len(part)}


operations = {f.__name__: f for f in (hello, build, load, grown, run, empty)}


def main():
    gc.disable()  # Python's collector is not the peer's time
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request["op"]](request)
        except Exception as e:  # told to the parent, which goes on without this peer
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
