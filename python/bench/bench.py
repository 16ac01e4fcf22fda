"""The tutorial of Annoy in Python, with annoy-go and with Annoy 1.17.3, side by side: add, build, save, load in
another process, search. Run by `make bench-python`, which makes the two environments.

    make bench-python                       100,000 × 1536, 50 trees: some minutes
    make bench-python BENCH=--small         a first look, in seconds
    make bench-python BENCH='--page docs/benchmarks.md'

The libraries take turns, each step in a process of its own, and the one that goes first changes from round to round.
Figures are medians of the rounds, and ratios the medians of the rounds' ratios, with the smallest and the largest.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

STEPS = pathlib.Path(__file__).resolve().parent / "steps.py"
AGAIN = 3  # processes that load, and that search, of each round
MARKS = ("<!-- begin python -->\n", "<!-- end python -->\n")


def run(python, verb, path, parameters):
    command = [python, "-B", STEPS, verb, path, json.dumps(parameters)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(args, parameters):
    """For each library a list of the rounds' figures."""
    figures = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for number in range(args.rounds):
            order = ["ours", "theirs"] if number % 2 == 0 else ["theirs", "ours"]
            parameters = {**parameters, "seed": args.seed + number}
            got = {}
            for who in order:
                path = str(pathlib.Path(folder) / f"{who}.ann")
                got[who] = run(getattr(args, who), "build", path, parameters)
            # Processes that load and search take turns, several times.
            again = {who: [] for who in order}
            for _ in range(AGAIN):
                for who in order:
                    path = str(pathlib.Path(folder) / f"{who}.ann")
                    python = getattr(args, who)
                    again[who].append(run(python, "load", path, parameters) | run(python, "search", path, parameters))
            for who in order:
                for step, value in again[who][0].items():
                    if step != "library":
                        got[who][step] = statistics.median(f[step] for f in again[who])
            for who in order:
                figures[who].append(got[who])
            print(f"round {number + 1} of {args.rounds}: {json.dumps(got)}", file=sys.stderr, flush=True)
    return figures


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def times(ratio):
    return f"{ratio:.3g}" if ratio >= 100 else f"{ratio:.2g}" if ratio < 0.1 else f"{ratio:.2f}"


def table(figures, dim):
    """Markdown: a row for each step."""
    rows = [
        ("`add_item`, all items, lists", "add, list"),
        ("`add_item`, all items, rows of an array", "add, numpy"),
        ("`build`", "build"),
        ("`build`, CPU time of all threads", "build, CPU"),
        ("`save`", "save"),
        ("the first `AnnoyIndex()` of a process", "new"),
        ("`load`, in another process", "load"),
        ("`load` of a small file, 1000 × 40, again and again", "load, small"),
        ("`get_nns_by_vector`, a list", "query, list"),
        ("`get_nns_by_vector`, an array", "query, numpy"),
        (f"the same of an empty index, {dim}, a list", f"empty call, {dim}, list"),
        (f"the same of an empty index, {dim}, an array", f"empty call, {dim}, numpy"),
        ("the same of an empty index, 1, a list", "empty call, 1, list"),
        ("the same of an empty index, 1, an array", "empty call, 1, numpy"),
    ]
    lines = ["| step | annoy-go | Annoy | times as fast (range) |", "|---|---:|---:|---:|"]
    for title, key in rows:
        ours, theirs = ([f[key] for f in figures[who]] for who in ("ours", "theirs"))
        ratios = [b / a for a, b in zip(ours, theirs)]
        lines.append(
            f"| {title} | {duration(statistics.median(ours))} | {duration(statistics.median(theirs))} "
            f"| {times(statistics.median(ratios))}× ({times(min(ratios))}–{times(max(ratios))}) |"
        )
    return "\n".join(lines)


def section(args, parameters, figures):
    last = {who: figures[who][-1] for who in figures}
    recall = {who: statistics.median(f["recall"] for f in figures[who]) for who in figures}
    size = {who: statistics.median(f["bytes"] for f in figures[who]) / 1e6 for who in figures}
    p = parameters
    return f"""## Beside Annoy, in Python

The tutorial's lines with both libraries, `from annoy import AnnoyIndex`: {p["items"]:,} × {p["dim"]} float32 from numpy (standard
normal), angular, {p["trees"]} trees, `get_nns_by_vector(query, n=10, search_k=-1, include_distances=True)` of {p["queries"]} queries.
{last["ours"]["library"]} at commit {commit()}, {last["theirs"]["library"]}, Python {platform.python_version()}, {cpu()}. Each library
on its own file, all cores for builds, one thread for the rest; {args.rounds} rounds in turns, each step in a new process. `build`,
`save` and `load` are by the clock, the rest is CPU time.

{table(figures, p["dim"])}

Files: {size["ours"]:.1f} MB and {size["theirs"]:.1f} MB. Recall@10 at that `search_k`: {recall["ours"]:.3f} and {recall["theirs"]:.3f}; random vectors of
so many dimensions have no neighbours to speak of. An empty index has nothing to find: what its search costs is the way into the
library and back.
"""


def commit():
    run = subprocess.run(["git", "-C", STEPS.parent, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def cpu():
    """The processor and its cores, where the system tells."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} cores"


def put(page, text):
    """Replaces the part of the page between the marks."""
    path = pathlib.Path(page)
    before, begin, rest = path.read_text().partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (begin and end):
        sys.exit(f"{page} has no lines {MARKS[0].strip()} and {MARKS[1].strip()}")
    path.write_text(before + begin + text + end + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, metavar="PYTHON", help="interpreter that has annoy-go and numpy")
    parser.add_argument("--theirs", required=True, metavar="PYTHON", help="interpreter that has Annoy 1.17.3 and numpy")
    parser.add_argument("--small", action="store_true", help="20,000 × 128, 10 trees")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the indexes are written; default: the system's folder for such files")
    parser.add_argument("--page", help="puts the table into this page, between its marks")
    args = parser.parse_args()
    parameters = {"items": 100_000, "dim": 1536, "trees": 50, "queries": 1000, "seed": args.seed}
    if args.small:
        parameters.update(items=20_000, dim=128, trees=10)
    text = section(args, parameters, measure(args, parameters))
    print(text)
    if args.page:
        put(args.page, text)


if __name__ == "__main__":
    main()
