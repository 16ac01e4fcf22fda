"""Interchange with Annoy 1.17.3: each library answers from the other's files, and both give the same answers.

Run by `make interchange`, which provides the Python environment. For every metric and shape of index

  1. `annoy build` writes a file, Annoy loads it;
  2. Annoy writes a file, `annoy query` opens it;

and each time both are asked the same queries with the same search_k, by vector and by item. Everything random hangs
on one seed, which is printed: `make interchange SEED=…` repeats a run. The first mismatches end it with exit code 1.
"""

import argparse
import faulthandler
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import annoy
import numpy as np

from reference import Reference, leaf_capacity

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLI = ROOT / ".build" / "annoy"
METRICS = ["angular", "euclidean", "manhattan", "dot", "hamming"]
EVERYTHING = 2**30  # a search_k that no index here reaches
MAX_MISMATCHES = 5


class Mismatches:
    """Counts what was compared, and prints and collects what differs."""

    def __init__(self):
        self.found, self.queries, self.margin_ties = [], 0, 0

    def add(self, where, what):
        self.found.append(what)
        print(f"MISMATCH {where}: {what}", flush=True)
        if len(self.found) >= MAX_MISMATCHES:
            sys.exit(f"stopped after {MAX_MISMATCHES} mismatches")


def cli(*args):
    """Runs our command line; its standard output."""
    run = subprocess.run([CLI, *map(str, args)], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"annoy {' '.join(map(str, args))}\nexit code {run.returncode}: {run.stderr}{run.stdout}")
    return run.stdout


class Case:
    """Vectors with ids, and how to build an index of them."""

    def __init__(self, name, vectors, trees=5, ids=None, on_disk=False):
        self.name, self.trees, self.on_disk = name, trees, on_disk
        self.vectors = vectors.astype(np.float32)
        self.dim = vectors.shape[1]
        self.ids = np.arange(len(vectors)) if ids is None else np.asarray(ids)
        self.n_items = int(self.ids.max()) + 1 if len(self.ids) else 0
        self.row = {int(i): r for r, i in enumerate(self.ids)}


def cases(rng, metric):
    bits = metric == "hamming"

    def vectors(n, dim):
        return rng.integers(0, 2, (n, dim)) if bits else rng.normal(size=(n, dim))

    for dim in (1, 2, 40, 384):
        yield Case(f"dim {dim}", vectors(600, dim))
    if bits:
        yield Case("dim 100", vectors(600, 100))
    yield Case("30 trees", vectors(2000, 40), trees=30, on_disk=True)
    yield Case("holes", vectors(500, 40), ids=np.sort(rng.permutation(1500)[:500]))
    yield Case("ids in no order", vectors(500, 40), ids=rng.permutation(500))
    yield Case("no items", vectors(0, 40))
    yield Case("one item", vectors(1, 40))
    yield Case("one item behind holes", vectors(1, 40), ids=[7])
    yield Case("two items", vectors(2, 40))
    yield Case("identical items", np.repeat(vectors(1, 40), 300, axis=0))
    yield Case("zero vectors", np.zeros((300, 40)))
    yield Case("pairs", np.repeat(vectors(300, 40), 2, axis=0))
    full = leaf_capacity(metric, 40)
    yield Case("a full leaf", vectors(full, 40))
    yield Case("one more than a leaf", vectors(full + 1, 40))


def exact_distances(metric, vectors, query):
    """Annoy's distances in float64; dot is the product."""
    v, q = vectors.astype(np.float64), np.asarray(query, dtype=np.float64)
    if metric == "angular":
        norms = np.linalg.norm(v, axis=1) * np.linalg.norm(q)
        cos = np.divide(v @ q, norms, out=np.zeros(len(v)), where=norms > 0)
        return np.sqrt(np.maximum(0, 2 - 2 * cos))
    if metric == "euclidean":
        return np.linalg.norm(v - q, axis=1)
    if metric == "manhattan":
        return np.abs(v - q).sum(axis=1)
    if metric == "dot":
        return v @ q
    return ((v > 0.5) != (q > 0.5)).sum(axis=1).astype(np.float64)


class Comparison:
    """Two sets of answers from one file."""

    def __init__(self, where, metric, case, path, result):
        self.where, self.metric, self.case, self.path, self.result = where, metric, case, path, result
        self.scale = 1.0

    def same(self, a, b, relative):
        """Whether distances agree. Angular ones are noise near zero: squares then. A product of long vectors can
        cancel to near zero: an error relative to the vectors' lengths is the best that float32 can do."""
        if self.metric == "angular" and abs(a * a - b * b) <= 2e-6:
            return True
        floor = 1e-6 * self.scale if self.metric == "dot" else 0
        return abs(a - b) <= max(relative * abs(b), floor)

    def answers(self, query, what, n, search_k, ours, theirs):
        """The same ids and distances, where distances do not tie."""
        self.result.queries += 1
        case = self.case
        if self.metric == "dot" and len(case.vectors):
            self.scale = float(np.linalg.norm(query) * np.linalg.norm(case.vectors, axis=1).max())
        problem = self.difference(query, n, search_k, ours, theirs)
        if problem is None:
            return
        k = search_k if search_k > 0 else n * case.trees
        if Reference(self.path, self.metric, case.dim).margins_tie(query, k):
            self.result.margin_ties += 1
            return
        self.result.add(self.where, f"{what}, n {n}, search_k {search_k}: {problem}")

    def difference(self, query, n, search_k, ours, theirs):
        case = self.case
        (our_ids, our_distances), (their_ids, their_distances) = ours, theirs
        if len(our_ids) != len(their_ids):
            return f"{len(our_ids)} answers here, {len(their_ids)} of Annoy's"
        if len(set(our_ids)) != len(our_ids):
            return f"an id twice: {our_ids}"
        if not set(our_ids) <= case.row.keys():
            return f"an id that no item has: {our_ids}"
        for i, (a, b) in enumerate(zip(our_distances, their_distances)):
            if not self.same(a, b, 1e-4):
                return f"answer {i} is {our_ids[i]} at {a} here, {their_ids[i]} at {b} of Annoy's"
            if our_ids[i] != their_ids[i] and not self.same(a, b, 1e-5):
                return f"answer {i} is {our_ids[i]} here, {their_ids[i]} of Annoy's, and no tie"
        exact = exact_distances(self.metric, case.vectors, query)
        for i, d in zip(our_ids, our_distances):
            if not self.same(d, exact[case.row[i]], 1e-4):
                return f"item {i} is said to be at {d}, numpy has {exact[case.row[i]]}"
        if search_k == EVERYTHING:
            nearest = np.sort(exact)[:: -1 if self.metric == "dot" else 1][:n]
            if len(our_ids) != len(nearest):
                return f"{len(our_ids)} answers of everything, {len(nearest)} exist"
            for i, (a, b) in enumerate(zip(our_distances, nearest)):
                if not self.same(a, b, 1e-4):
                    return f"answer {i} of everything is at {a}, numpy has {b}"
        return None

    def run(self, rng, index, flags):
        """Asks both libraries. index is Annoy's; flags are what our command line needs for the file."""
        case, result = self.case, self.result
        info = json.loads(cli("info", self.path, "--json", *flags))
        if not info["items"] == index.get_n_items() == case.n_items:
            result.add(self.where, f"items: {info['items']} here, {index.get_n_items()} of Annoy's, {case.n_items} built")
        if info["trees"] != case.trees:
            result.add(self.where, f"trees: {info['trees']} here, {case.trees} built")
        cli("verify", self.path, "--quiet", *flags)

        queries = rng.normal(size=(6, case.dim)).astype(np.float32)
        if self.metric == "hamming":
            queries = (queries > 0).astype(np.float32)
        queries = np.concatenate([queries, case.vectors[:2]])
        np.save("queries.npy", queries)
        searches = [(1, 1), (10, 60), (10, EVERYTHING), (1000, 300)]
        # Annoy counts roots that are leaves twice, and takes its default from that.
        if index.get_n_trees() == case.trees:
            searches.append((10, -1))
        for n, k in searches:
            lines = cli("query", self.path, "--vectors", "queries.npy", "-k", n, "--search-k", k, "--json", *flags).splitlines()
            if len(lines) != len(queries):
                result.add(self.where, f"{len(lines)} lines for {len(queries)} queries")
            for i, (line, q) in enumerate(zip(lines, queries)):
                self.answers(q, f"query {i}", n, k, parse(line), index.get_nns_by_vector(q, n, k, include_distances=True))
        for item in rng.permutation(case.ids)[:3]:
            item, q = int(item), case.vectors[case.row[int(item)]]
            got = cli("query", self.path, "--id", item, "-k", 10, "--search-k", 60, "--json", *flags)
            self.answers(q, f"item {item}", 10, 60, parse(got), index.get_nns_by_item(item, 10, 60, include_distances=True))


def parse(line):
    answer = json.loads(line)
    return answer["ids"], answer["distances"]


def build_ours(case, metric, path, seed):
    np.save("vectors.npy", case.vectors)
    np.savetxt("ids.txt", case.ids, fmt="%d")
    flags = ["--on-disk"] if case.on_disk else []
    cli("build", "vectors.npy", "-o", path, "--metric", metric, "--trees", case.trees, "--ids", "ids.txt", "--seed", seed, "--quiet", *flags)


def build_theirs(case, metric, path, seed):
    """On all cores, as Annoy does unless told otherwise: the file then depends on which thread was faster."""
    index = annoy.AnnoyIndex(case.dim, metric)
    index.set_seed(seed)
    for i, v in zip(case.ids, case.vectors):
        index.add_item(int(i), v)
    index.build(case.trees)
    index.save(path)


def load_theirs(case, metric, path):
    index = annoy.AnnoyIndex(case.dim, metric)
    index.load(path)
    return index


def interchange(rng, result):
    for metric in METRICS:
        for case in cases(rng, metric):
            for who, build in (("built here", build_ours), ("built by Annoy", build_theirs)):
                where = f"{metric}, {case.name}, {who}"
                print(where, flush=True)  # before: a crash of the C++ library leaves nothing else
                seed = int(rng.integers(1, 2**31))
                build(case, metric, "x.ann", seed)
                # With a sidecar the file describes itself; Annoy's has none.
                flags = [] if build is build_ours else ["--metric", metric, "--dim", case.dim]
                if os.path.exists("x.ann.meta") != (build is build_ours):
                    result.add(where, "a sidecar where none belongs, or none where one does")
                index = load_theirs(case, metric, "x.ann")
                Comparison(where, metric, case, "x.ann", result).run(rng, index, flags)
                for name in ("x.ann", "x.ann.meta"):
                    pathlib.Path(name).unlink(missing_ok=True)


def dot_recall(rng, result, sigma, trees=10, n=10):
    """Recall@n of Annoy on our dot file and on its own, at equal search_k: the word set, its unit vectors stretched by
    random factors of log-normal spread sigma.

    Our file keeps dot_factor 0, so that Annoy evaluates plain margins on it, and must be the better one for vectors
    of one length and small search_k. Where lengths differ widely it is the worse one at small search_k: the largest
    plain margins lie among short vectors, whose products are small.
    """
    words = np.load(ROOT / "internal" / "words" / "words_i8.npy").astype(np.float32) / 127
    words *= rng.lognormal(sigma=sigma, size=(len(words), 1)).astype(np.float32)
    rng.shuffle(words)
    queries, base = words[:300], words[300:]
    case = Case("dot recall", base, trees=trees)
    build_ours(case, "dot", "ours.ann", int(rng.integers(1, 2**31)))
    build_theirs(case, "dot", "theirs.ann", int(rng.integers(1, 2**31)))
    ours, theirs = (load_theirs(case, "dot", p) for p in ("ours.ann", "theirs.ann"))
    products = queries.astype(np.float64) @ base.T.astype(np.float64)
    kth = -np.partition(-products, n - 1, axis=1)[:, n - 1]
    unit = np.median(np.linalg.norm(base, axis=1)) * np.linalg.norm(queries, axis=1)
    least = kth - 1e-5 * np.abs(kth) - 1e-6 * unit

    def recall(index, k):
        hits = sum((products[i, index.get_nns_by_vector(q, n, k)] >= least[i]).sum() for i, q in enumerate(queries))
        return hits / (n * len(queries))

    print(f"\nRecall@{n} of Annoy 1.17.3, dot, {len(base)} × {base.shape[1]} words, lengths spread {sigma}, {trees} trees")
    print(f"{'search_k':>9} {'our file':>9} {'its own':>9}")
    for k in (100, 300, 1000, 3000, 10000):
        a, b = recall(ours, k), recall(theirs, k)
        print(f"{k:>9} {a:>9.3f} {b:>9.3f}")
        if sigma == 0 and k <= 1000 and a <= b:
            result.add("dot recall", f"at search_k {k} Annoy finds {a:.3f} in our file, {b:.3f} in its own")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)), help="repeats a run; default: a random one")
    seed = parser.parse_args().seed
    faulthandler.enable()
    print(f"seed {seed}: make interchange SEED={seed} repeats this run", flush=True)
    rng, result = np.random.default_rng(seed), Mismatches()
    subprocess.run(["go", "build", "-o", CLI, "./cmd/annoy"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        interchange(rng, result)
        for sigma in (0, 0.2, 0.5):
            dot_recall(rng, result, sigma)
        os.chdir(ROOT)
    print(f"\n{result.queries} queries compared; {result.margin_ties} differ where margins tie within 1e-5")
    if result.found:
        sys.exit(f"{len(result.found)} mismatches")
    # Ties of random margins are rare: many of them are a mismatch in disguise.
    if result.margin_ties > result.queries / 100:
        sys.exit("too many of them")


if __name__ == "__main__":
    main()
