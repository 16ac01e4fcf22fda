"""The steps of the tutorial, timed, with whichever library `import annoy` finds. bench.py runs this, each step in a new
process:

    python steps.py build PATH '{"items": …}'     adds, builds, saves
    python steps.py load PATH '{"items": …}'      loads
    python steps.py search PATH '{"items": …}'    searches

What is timed is the library's calls in a plain loop. Of adding, the loop itself, timed with a call of nothing, is taken off.
Times are CPU time, of all threads, but for build, save and load, where what a user waits for is counted.
"""

import importlib.metadata
import json
import os
import statistics
import sys
import time

import annoy
import numpy as np


def blocks(p):
    """The vectors, block by block: all of them as lists of Python floats would take gigabytes."""
    rng = np.random.default_rng(p["seed"])
    for first in range(0, p["items"], 1000):
        yield first, rng.standard_normal((min(1000, p["items"] - first), p["dim"]), dtype=np.float32)


def nothing(i, vector):
    """What the loop costs without the library."""


def add(p, index, way):
    """Adds all vectors as rows of an array or as lists; the seconds of it."""
    seconds = 0.0
    for first, block in blocks(p):
        rows = block if way == "numpy" else block.tolist()
        seconds += loop(index.add_item, first, rows) - loop(nothing, first, rows)
    return seconds


def loop(call, first, rows):
    start = time.process_time()
    for i, row in enumerate(rows, first):
        call(i, row)
    return time.process_time() - start


def build(path, p):
    got = {}
    for way in ("list", "numpy"):
        index = annoy.AnnoyIndex(p["dim"], "angular")
        got[f"add, {way}"] = add(p, index, way)
        if way == "list":
            del index
    wall, cpu = time.perf_counter(), time.process_time()
    index.build(p["trees"])
    got["build"] = time.perf_counter() - wall
    got["build, CPU"] = time.process_time() - cpu
    wall = time.perf_counter()
    index.save(path)
    got["save"] = time.perf_counter() - wall
    got["bytes"] = os.path.getsize(path)
    return got


def load(path, p):
    start = time.perf_counter()
    index = annoy.AnnoyIndex(p["dim"], "angular")
    got = {"new": time.perf_counter() - start}
    start = time.perf_counter()
    index.load(path)
    got["load"] = time.perf_counter() - start
    got["load, small"] = small_loads(path + ".small")
    return got


def small_loads(path):
    """Seconds of a load of a small file that was just read: the median of the calls alone."""
    index = annoy.AnnoyIndex(40, "angular")
    for i, row in enumerate(np.random.default_rng(1).standard_normal((1000, 40), dtype=np.float32)):
        index.add_item(i, row)
    index.build(10)
    index.save(path)
    seconds = []
    for _ in range(2000):
        index = annoy.AnnoyIndex(40, "angular")
        start = time.perf_counter()
        index.load(path)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def search(path, p):
    rng = np.random.default_rng(p["seed"] + 1)
    queries = rng.standard_normal((p["queries"], p["dim"]), dtype=np.float32)
    lists = queries.tolist()
    index = annoy.AnnoyIndex(p["dim"], "angular")
    index.load(path)
    got, found = {}, []
    for round in range(2):  # the first reads the file's pages
        for way, rows in (("list", lists), ("numpy", queries)):
            start = time.process_time()
            for query in rows:
                found.append(index.get_nns_by_vector(query, n=10, search_k=-1, include_distances=True))
            got[f"query, {way}"] = (time.process_time() - start) / len(rows)
    # As good as exact: enough candidates for all, of some of the queries.
    some = range(0, p["queries"], max(1, p["queries"] // 100))
    hits = 0
    # The library's rule of recall: near but for 1e-5 of the distance and a millionth of the data's unit.
    half = index.get_n_items() // 2
    unit = statistics.median(index.get_distance(i, i + half) for i in range(0, half, max(1, half // 500))) / 2**0.5
    for i in some:
        _, exact = index.get_nns_by_vector(queries[i], 10, 2**30, include_distances=True)
        hits += sum(d <= exact[-1] * (1 + 1e-5) + 1e-6 * unit for d in found[i][1])
    got["recall"] = hits / (10 * len(some))
    got.update(empty_calls(p))
    return got


def empty_calls(p):
    """Seconds of a search that has nothing to find: the way into the library and back."""
    got = {}
    for dim in (1, p["dim"]):
        index = annoy.AnnoyIndex(dim, "angular")
        index.build(1)
        array = np.zeros(dim, np.float32)
        for way, query in (("list", array.tolist()), ("numpy", array)):
            best = float("inf")
            for _ in range(20):
                start = time.perf_counter()
                for _ in range(200):
                    index.get_nns_by_vector(query, 10, -1, True)
                best = min(best, (time.perf_counter() - start) / 200)
            got[f"empty call, {dim}, {way}"] = best
    return got


def main():
    verb, path, parameters = sys.argv[1:]
    got = {"build": build, "load": load, "search": search}[verb](path, json.loads(parameters))
    got["library"] = annoy_version()
    print(json.dumps(got))


def annoy_version():
    name = "annoy-go" if hasattr(annoy, "Canopy") else "annoy"
    return f"{name} {importlib.metadata.version(name)}"


if __name__ == "__main__":
    main()
