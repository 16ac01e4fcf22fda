"""Random programs of calls of Annoy's class, run with `annoy-go` and with Annoy 1.17.3: every call must give the same
answer, or raise an exception of the same class with the same message.

Run by `make python-interchange`. Searches are exact ones, since the trees differ. What is mended on purpose is kept
out of the programs: a built index gets no items, and an unloaded one is replaced. Annoy crashes in some programs, which
then say nothing; annoy-go may crash in none. Programs are the same in every run; SEED=n makes others.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

WORKER = pathlib.Path(__file__).resolve().parent / "worker.py"
METRICS = ["angular", "euclidean", "manhattan", "hamming", "dot"]
PROGRAMS = 600
MAX_MISMATCHES = 5
EVERYTHING = 2**30
CALLS = (
    ["add"] * 16 + ["build"] * 3 + ["by_vector", "by_item", "mistake"] * 2 + ["save", "load", "unbuild", "unload"]
    + ["vector", "distance", "items", "seed", "verbose", "on_disk"]
)


class Writer:
    """Writes one program: calls are [number of the object, method, arguments, keywords]."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.metric = self.r.choice(METRICS)
        self.f = self.r.choice([1, 2, 3, 10])

    def program(self):
        calls = []
        for _ in range(self.r.randrange(5, 40)):
            self.object = self.r.randrange(2)
            calls.append([self.object, *getattr(self, self.r.choice(CALLS))()])
        return {"f": self.f, "metric": self.metric, "calls": calls}

    def components(self, f=None):
        f = self.f if f is None else f
        if self.metric == "hamming":
            return [self.r.randrange(2) for _ in range(f)]
        return [self.r.randrange(-64, 64) / 16 for _ in range(f)]

    def id(self):
        return self.r.randrange(-1, 20)

    def path(self):
        return self.r.choice(["a.ann", "b.ann", "c.ann", "no/x.ann", ""])

    def add(self):
        """A new item, or now and then another vector for one of the last."""
        return "add_new", [self.r.choice([0, 0, 0, 0, 1, 3]), self.components()], {}

    def build(self):
        return "build", [self.r.choice([1, 2, 5])], {"n_jobs": self.r.choice([-1, 1, 2])}

    def unbuild(self):
        return "unbuild", [], {}

    def save(self):
        return "save", [self.path()], {}

    def load(self):
        return "load", [self.path(), self.r.choice([True, False])], {}

    def unload(self):
        return "unload", [], {}

    def on_disk(self):
        # No two objects build in one file.
        return "on_disk_build", [self.r.choice([f"disk{self.object}.ann", "no/disk.ann"])], {}

    def by_vector(self):
        return "get_nns_by_vector", [self.components(), self.count(), EVERYTHING, self.r.choice([True, False, 0, 1])], {}

    def by_item(self):
        return "get_nns_by_item", [self.id(), self.count()], {"search_k": EVERYTHING, "include_distances": True}

    def count(self):
        return self.r.choice([0, 1, 3, 50, -1])

    def vector(self):
        return "get_item_vector", [self.id()], {}

    def distance(self):
        return "get_distance", [self.id(), self.id()], {}

    def items(self):
        return "get_n_items", [], {}

    def seed(self):
        return "set_seed", [self.r.randrange(100)], {}

    def verbose(self):
        return "verbose", [False], {}

    def mistake(self):
        bad = [self.components(self.f + 1), self.components(self.f - 1), "x" * self.f, None, 5, [None] * self.f]
        i = self.r.choice([-1, 0, "x", 1.5, 2**31, None])
        return self.r.choice(
            [
                ("add_item", [i, self.components()], {}),
                ("add_item", [0, self.r.choice(bad)], {}),
                ("add_item", [0], {}),
                ("get_nns_by_vector", [self.r.choice(bad), 1, EVERYTHING], {}),
                ("get_nns_by_vector", [self.components(), i, EVERYTHING], {}),
                ("get_nns_by_item", [i, 1, EVERYTHING], {}),
                ("get_nns_by_item", [0, 1], {"search": 1}),
                ("get_item_vector", [i], {}),
                ("get_distance", [0, i], {}),
                ("get_distance", [0], {}),
                ("build", [self.r.choice(["x", None, 1.5])], {}),
                ("save", [], {}),
                ("load", [], {}),
                ("set_seed", [self.r.choice(["x", None, 1.5, 2**31])], {}),
            ]
        )


def run(python, folder, programs):
    """What each program's calls gave, by its number; a program that crashed has None."""
    out = folder / "outcomes"
    out.write_text("")
    outcomes = {}
    while len(outcomes) < len(programs):
        first = len(outcomes)
        subprocess.run([python, "-B", WORKER, "run", folder, out, str(first)], capture_output=True)
        for line in out.read_text().splitlines():
            number, outcome = json.loads(line)
            outcomes[number] = outcome
        if len(outcomes) < len(programs):
            outcomes[len(outcomes)] = None
    return [outcomes[i] for i in range(len(programs))]


def same(a, b):
    """Whether two outcomes agree; numbers as far as float32 goes."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-4 * max(abs(a), abs(b)) + 1e-3
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, metavar="PYTHON", help="interpreter that has annoy-go")
    parser.add_argument("--theirs", required=True, metavar="PYTHON", help="interpreter that has Annoy 1.17.3")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    programs = [Writer(args.seed * 1_000_000 + i).program() for i in range(PROGRAMS)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "programs.json").write_text(json.dumps(programs))
        ours, theirs = (run(python, folder, programs) for python in (args.ours, args.theirs))
    found = calls = 0
    for number, (program, a, b) in enumerate(zip(programs, ours, theirs)):
        if a is None:
            print(f"CRASH of annoy-go in program {number}: {program}")
            found += 1
        for call, x, y in zip(program["calls"], a or [], b or []):
            calls += 1
            if not same(x, y):
                print(f"MISMATCH in program {number}, {program['metric']}, f {program['f']}: {call}: {x}, Annoy: {y}")
                found += 1
                break
        if found >= MAX_MISMATCHES:
            break
    crashed = sum(b is None for b in theirs)
    print(f"{calls} calls of {PROGRAMS} programs compared; Annoy crashed in {crashed} of them")
    if found:
        sys.exit(f"{found} mismatches")
    if crashed > PROGRAMS / 10 or calls < PROGRAMS * 5:
        sys.exit("too little was compared")


if __name__ == "__main__":
    main()
