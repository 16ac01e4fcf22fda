"""Exact neighbours: `annoy truth` beside NumPy's float32 matrix product with argpartition, alternating in one run.

    make bench-exact                         # sift and gloss of ANNOY_DATA
    make bench-exact EXACT='--set sift --queries 200 --threads 2'

NumPy's side is as strong as a few lines make it: vectors in memory as float32 before the clock starts, queries in
chunks, each of the threads doing product and selection of its own chunks (argpartition alone would run on one
thread) with OpenBLAS on one thread, and only the k selected, neither sorted nor recomputed. Ours is the whole process:
start, reading and converting the file, float64 distances of the winners, writing the answer. A ratio above 1 says how
many times as long NumPy takes. CPU time is beside the wall clock, since that one suffers from whatever else runs.
"""

import argparse
import concurrent.futures
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported
import numpy as np

SETS = {  # base, queries, metric
    "sift": ("sift/base_u8.npy", "sift/query_u8.npy", "euclidean"),
    "gloss": ("gloss/base_f16.npy", "gloss/query_f16.npy", "angular"),
}
CHUNK_BYTES = 256 << 20  # of a chunk's matrix of distances, all threads together


def numpy_search(base, half_norms, queries, k, threads):
    """ids of the k smallest |x|²/2 − q·x, which for vectors of unit length is the order of angles too."""
    rows = max(1, CHUNK_BYTES // threads // (4 * len(base)))
    ids = np.empty((len(queries), k), np.int64)

    def chunk(start):
        d = queries[start : start + rows] @ base.T
        np.subtract(half_norms, d, out=d)
        ids[start : start + rows] = np.argpartition(d, k - 1, axis=1)[:, :k]

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(chunk, range(0, len(queries), rows)))
    return ids


def timed(f, who):
    before, start = resource.getrusage(who), time.perf_counter()
    out = f()
    wall, after = time.perf_counter() - start, resource.getrusage(who)
    return out, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(args, name, threads, tmp):
    base_path, query_path, metric = SETS[name]
    base = np.load(os.path.join(args.data, base_path)).astype(np.float32)
    stored = np.load(os.path.join(args.data, query_path))[: args.queries]
    queries = stored.astype(np.float32)
    if metric == "angular":
        base /= np.linalg.norm(base, axis=1, keepdims=True)
    half_norms = (base * base).sum(axis=1) / 2
    np.save(os.path.join(tmp, "queries.npy"), stored)
    prefix = os.path.join(tmp, "out")
    command = [args.annoy, "truth", os.path.join(args.data, base_path), os.path.join(tmp, "queries.npy"),
               "-k", str(args.k), "--metric", metric, "-o", prefix, "--workers", str(threads), "--quiet"]
    env = dict(os.environ, GOMAXPROCS=str(threads))
    walls, cpus = {"numpy": [], "ours": []}, {"numpy": [], "ours": []}
    for round in range(args.rounds):
        sides = {
            "numpy": (lambda: numpy_search(base, half_norms, queries, args.k, threads), resource.RUSAGE_SELF),
            "ours": (lambda: subprocess.run(command, env=env, check=True), resource.RUSAGE_CHILDREN),
        }
        for side in sorted(sides, reverse=round % 2 == 1):
            out, wall, cpu = timed(*sides[side])
            walls[side].append(wall)
            cpus[side].append(cpu)
            if side == "numpy":
                theirs = out
        ours = np.load(prefix + "_ids.npy")
        common = np.mean([len(np.intersect1d(a, b)) / args.k for a, b in zip(theirs, ours)])
        if common < 0.999:  # the rest are float32's ties
            sys.exit(f"{name}: only {common:.4f} of the ids agree: one of the two does not search what it should")
    result = {"set": name, "rows": len(base), "dim": base.shape[1], "queries": len(queries), "k": args.k, "threads": threads}
    for what, of in (("wall", walls), ("cpu", cpus)):
        n, o = statistics.median(of["numpy"]), statistics.median(of["ours"])
        result |= {f"numpy_{what}_s": round_(n), f"ours_{what}_s": round_(o), f"{what}_ratio": round_(n / o)}
    result["ids_in_common"] = float(common)
    return result


def round_(x):
    return float(f"{x:.3g}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--annoy", required=True, help="the binary")
    p.add_argument("--data", default=os.environ.get("ANNOY_DATA", "../shared/data"))
    p.add_argument("--set", action="append", choices=SETS)
    p.add_argument("--queries", type=int, default=1000)
    p.add_argument("-k", type=int, default=100)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, action="append")
    args = p.parse_args()
    if not os.path.isdir(args.data):
        sys.exit(f"no data in {args.data}: set ANNOY_DATA to the folder of sift/ and gloss/")
    for name in args.set or SETS:
        for threads in args.threads or (1, 2):
            with tempfile.TemporaryDirectory() as tmp:
                print(json.dumps(measure(args, name, threads, tmp)), flush=True)


main()
