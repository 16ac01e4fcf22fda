"""Files between `annoy-go` and Annoy 1.17.3, Python to Python: each library loads what the other saved, and both give
the same answers.

Run by `make python-interchange`, which makes the two environments: the libraries have the same import name and cannot
share one. For every metric and shape of index both libraries build a file of the same vectors; then both load both
files and are asked the same queries with the same search_k, by vector and by item, and for vectors, distances and
counts. Everything random hangs on one seed, which is printed: `make python-interchange SEED=…` repeats a run. The
first mismatches end it with exit code 1.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "interchange"))
from reference import Reference, leaf_capacity  # noqa: E402  (found by the line above)

METRICS = ["angular", "euclidean", "manhattan", "dot", "hamming"]
EVERYTHING = 2**30  # a search_k that no index here reaches
MAX_MISMATCHES = 5


def shapes(rng, metric):
    """name, vectors, trees, ids (None: 0, 1, …), on disk."""
    bits = metric == "hamming"

    def vectors(n, dim):
        return rng.integers(0, 2, (n, dim)) if bits else rng.normal(size=(n, dim))

    for dim in (1, 2, 40, 384):
        yield f"dim {dim}", vectors(600, dim), 5, None, False
    if bits:
        yield "dim 100", vectors(600, 100), 5, None, False
    yield "on disk, 30 trees", vectors(2000, 40), 30, None, True
    yield "trees of its choice", vectors(500, 40), -1, None, False
    yield "holes", vectors(500, 40), 5, np.sort(rng.permutation(1500)[:500]), False
    yield "ids in no order", vectors(500, 40), 5, rng.permutation(500), False
    yield "no items", vectors(0, 40), 5, None, False
    yield "one item", vectors(1, 40), 5, None, False
    yield "one item behind holes", vectors(1, 40), 5, [7], False
    yield "two items", vectors(2, 40), 5, None, False
    yield "identical items", np.repeat(vectors(1, 40), 300, axis=0), 5, None, False
    yield "zero vectors", np.zeros((300, 40)), 5, None, False
    yield "pairs", np.repeat(vectors(300, 40), 2, axis=0), 5, None, False
    full = leaf_capacity(metric, 40)
    yield "a full leaf", vectors(full, 40), 5, None, False
    yield "one more than a leaf", vectors(full + 1, 40), 5, None, False


def write_cases(rng, folder):
    """Vectors, queries and cases.json, which both libraries work on."""
    cases = []
    for metric in METRICS:
        for number, (name, vectors, trees, ids, on_disk) in enumerate(shapes(rng, metric)):
            vectors = vectors.astype(np.float32)
            dim = vectors.shape[1]
            queries = rng.normal(size=(6, dim)).astype(np.float32)
            if metric == "hamming":
                queries = (queries > 0).astype(np.float32)
            stem = f"{metric}-{number}"
            np.save(folder / f"{stem}.npy", vectors)
            np.save(folder / f"{stem}-queries.npy", np.concatenate([queries, vectors[:2]]))
            ids = [int(i) for i in (range(len(vectors)) if ids is None else ids)]
            searches = [(1, 1), (10, 60), (10, EVERYTHING), (1000, 300)]
            # Annoy counts the roots of a small index twice, and takes its default from that.
            if len(vectors) > leaf_capacity(metric, dim):
                searches.append((10, -1))
            cases.append(
                {
                    "name": f"{metric}, {name}",
                    "metric": metric,
                    "dim": dim,
                    "trees": trees,
                    "ids": ids,
                    "items": max(ids, default=-1) + 1,
                    "on_disk": on_disk,
                    "seed": int(rng.integers(1, 2**31)),
                    "vectors": f"{stem}.npy",
                    "queries": f"{stem}-queries.npy",
                    "file": f"{stem}.ann",
                    "searches": searches,
                    "ask": [int(i) for i in rng.permutation(ids)[:3]],
                }
            )
    return cases


class Comparison:
    """What two libraries answered from one folder of files."""

    def __init__(self):
        self.found, self.queries, self.ties = 0, 0, 0

    def mismatch(self, where, what):
        print(f"MISMATCH {where}: {what}", flush=True)
        self.found += 1
        if self.found >= MAX_MISMATCHES:
            sys.exit(f"stopped after {MAX_MISMATCHES} mismatches")

    def run(self, folder, who, cases, ours, theirs):
        for case in cases:
            where = f"{case['name']}, built by {who}"
            a, b = ours[case["name"]], theirs[case["name"]]
            if not a["items"] == b["items"] == case["items"]:
                self.mismatch(where, f"items: {a['items']} of ours, {b['items']} of Annoy's, {case['items']} built")
            if case["trees"] > 0 and a["trees"] != case["trees"]:
                self.mismatch(where, f"trees: {a['trees']} of ours, {case['trees']} built")
            if a["vectors"] != b["vectors"]:
                self.mismatch(where, "vectors differ")
            # Zero vectors and sums of many terms: products may cancel, and angular squares are noise near zero.
            vectors = np.load(folder / case["vectors"]).astype(np.float64)
            scale = float((vectors**2).sum(axis=1).max()) if len(vectors) else 1.0
            if not all(near(case["metric"], x, y, 1e-4, scale) for p, q in zip(a["distances"], b["distances"]) for x, y in zip(p, q)):
                self.mismatch(where, f"distances: {a['distances']} of ours, {b['distances']} of Annoy's")
            self.answers(folder, where, case, a, b)

    def answers(self, folder, where, case, a, b):
        queries = np.load(folder / case["queries"])
        vectors = np.load(folder / case["vectors"])
        row = {i: r for r, i in enumerate(case["ids"])}
        asked = {"by_vector": list(queries), "by_item": [vectors[row[i]] for i in case["ask"]]}
        for way, inputs in asked.items():
            answers = zip(a[way], b[way])
            for n, search_k in case["searches"]:
                for number, query in enumerate(inputs):
                    self.queries += 1
                    problem = difference(case["metric"], vectors, query, *next(answers))
                    if problem is None:
                        continue
                    reader = Reference(folder / case["file"], case["metric"], case["dim"])
                    if reader.margins_tie(query, search_k if search_k > 0 else n * b["trees"]):
                        self.ties += 1
                        continue
                    self.mismatch(where, f"{way} {number}, n {n}, search_k {search_k}: {problem}")


def difference(metric, vectors, query, ours, theirs):
    """What is not alike in two answers, None if nothing: the same distances, and the same ids where none tie."""
    lengths = np.linalg.norm(vectors, axis=1).max() if len(vectors) else 0
    scale = float(np.linalg.norm(query) * lengths)
    (our_ids, our_distances), (their_ids, their_distances) = ours, theirs
    if len(our_ids) != len(their_ids):
        return f"{len(our_ids)} answers of ours, {len(their_ids)} of Annoy's"
    if len(set(our_ids)) != len(our_ids):
        return f"an id twice: {our_ids}"
    for i, (x, y) in enumerate(zip(our_distances, their_distances)):
        if not near(metric, x, y, 1e-4, scale):
            return f"answer {i} is {our_ids[i]} at {x} of ours, {their_ids[i]} at {y} of Annoy's"
        if our_ids[i] != their_ids[i] and not near(metric, x, y, 1e-5, scale):
            return f"answer {i} is {our_ids[i]} of ours, {their_ids[i]} of Annoy's, and no tie"
    return None


def near(metric, x, y, relative, scale):
    """Whether distances agree as far as float32 goes. Angular ones are noise near zero: squares then."""
    if metric == "angular" and abs(x * x - y * y) <= 2e-6:
        return True
    return abs(x - y) <= max(relative * abs(y), 1e-6 * scale if metric == "dot" else 0)


def worker(python, *args):
    """Runs worker.py; its standard output. Warnings are errors: neither library may have cause for one."""
    run = subprocess.run([python, "-B", "-W", "error", HERE / "worker.py", *map(str, args)], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{python} worker.py {' '.join(map(str, args))}\nexit code {run.returncode}: {run.stdout}{run.stderr}")
    return run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, metavar="PYTHON", help="interpreter that has annoy-go")
    parser.add_argument("--theirs", required=True, metavar="PYTHON", help="interpreter that has Annoy 1.17.3")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"), help="repeats a run")
    args = parser.parse_args()
    print(f"seed {args.seed}: make python-interchange SEED={args.seed} repeats this run", flush=True)
    pythons = {"ours": args.ours, "theirs": args.theirs}
    for name, python in pythons.items():
        who = json.loads(worker(python, "who"))
        print(f"{name}: {who['library']}")
        if who["ours"] != (name == "ours"):
            sys.exit(f"--{name} {python} imports the other library")
    result = Comparison()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, python in pythons.items():
            cases = write_cases(np.random.default_rng(args.seed), folder)
            (folder / "cases.json").write_text(json.dumps(cases))
            worker(python, "build", folder)
            answers = []
            for reader, other in pythons.items():
                worker(other, "answer", folder, folder / f"{reader}.json")
                answers.append(json.loads((folder / f"{reader}.json").read_text()))
            described = len(list(folder.glob("*.ann.meta")))
            if described != (len(cases) if name == "ours" else 0):
                result.mismatch(name, f"{described} files of {len(cases)} have a sidecar")
            result.run(folder, name, cases, *answers)
            for path in folder.iterdir():
                path.unlink()
    print(f"{result.queries} queries compared; {result.ties} differ where margins tie within 1e-5")
    if result.found:
        sys.exit(f"{result.found} mismatches")
    # Ties of random margins are rare: many of them are a mismatch in disguise.
    if result.ties > result.queries / 100:
        sys.exit("too many of them")


if __name__ == "__main__":
    main()
