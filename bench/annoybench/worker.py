"""Annoy's side of the benchmark: one JSON request a line in, one JSON answer a line out.

Every clock stands around a loop of Annoy calls alone; lists are made from NumPy arrays before it starts.
"""
import gc
import importlib.metadata
import json
import platform
import sys
import time

import annoy
import numpy

CHUNK = 10_000
indexes = {}
queries = []


def rows_as_lists(array):
    """Lists of Python floats, whatever the array's type: what get_nns_by_vector converts fastest."""
    return array.astype(numpy.float32).tolist()


class Clock:
    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.cpu = time.process_time() - self.cpu
        self.wall = time.perf_counter() - self.wall


def versions(_):
    return {"python": platform.python_version(), "numpy": numpy.__version__, "annoy": importlib.metadata.version("annoy")}


def build(r):
    base = numpy.load(r["base"], mmap_mode="r")[: r["rows"]]
    index = annoy.AnnoyIndex(base.shape[1], r["metric"])
    add_cpu = 0.0
    for start in range(0, len(base), CHUNK):
        rows = rows_as_lists(base[start : start + CHUNK])
        add = index.add_item
        with Clock() as c:
            for i, row in enumerate(rows, start):
                add(i, row)
        add_cpu += c.cpu
    del rows
    with Clock() as c:
        index.build(r["trees"], n_jobs=1)
    if r["save"]:
        index.save(r["save"])
    index.unload()
    return {"add_cpu": add_cpu, "cpu": c.cpu, "wall": c.wall}


def load_queries(r):
    global queries
    queries = rows_as_lists(numpy.load(r["path"], mmap_mode="r")[: r["rows"]])
    return {}


def one_item(dim, metric):
    index = annoy.AnnoyIndex(dim, metric)
    index.add_item(0, [1.0] * dim)
    index.build(1)
    return index


def open_index(r):
    index = annoy.AnnoyIndex(r["dim"], r["metric"])
    index.load(r["path"], prefault=False)
    indexes["set"] = index
    # What a call costs when there is nothing to search: with vectors of the set's dimension, whose difference to
    # vectors of one component is the conversion of the list.
    indexes["empty"] = one_item(r["dim"], r["metric"])
    indexes["empty1"] = one_item(1, r["metric"])
    return {"items": index.get_n_items()}


def close_index(_):
    indexes.pop("set").unload()
    indexes.clear()
    return {}


def timed(index, vectors, k, search_k):
    search = index.get_nns_by_vector
    with Clock() as c:
        ids = [search(v, k, search_k) for v in vectors]
    return c, ids


def run(r):
    index, part = indexes["set"], queries[r["from"] : r["from"] + r["count"]]
    timed(index, part[: r["warm"]], r["k"], r["search_k"])
    c, ids = timed(index, part, r["k"], r["search_k"])
    return {"cpu": c.cpu, "wall": c.wall, "ids": ids}


def overhead(r):
    """CPU and wall seconds of one empty call, the medians of several slices, and of one with a single component."""
    part = queries[r["from"] : r["from"] + r["count"]]
    ones = [v[:1] for v in part]

    def median(index, vectors):
        clocks = [timed(index, vectors, 1, 1)[0] for _ in range(r["repeat"])]
        cpu, wall = sorted(c.cpu for c in clocks), sorted(c.wall for c in clocks)
        return cpu[len(cpu) // 2] / len(part), wall[len(wall) // 2] / len(part)

    cpu, wall = median(indexes["empty"], part)
    return {"cpu": cpu, "wall": wall, "call": median(indexes["empty1"], ones)[0]}


operations = {
    f.__name__: f for f in (versions, build, load_queries, open_index, close_index, run, overhead)
}


def main():
    gc.disable()  # Python's collector is not Annoy's time
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request["op"]](request)
        except Exception as e:  # reported to the parent, which ends the run
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


main()
