"""Draws the plots of docs/tuning.md from docs/tuning/data, and prints its tables (needs matplotlib)."""

import csv
import math
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

HERE = pathlib.Path(__file__).parent
SETS = {
    "words": "words, 9,500 × 384, angular",
    "gloss": "gloss, 112,659 × 384, angular",
    "usage": "gloss, queries of another distribution",
    "sift": "sift, 1,000,000 × 128, euclidean",
}
COLOURS = {10: "#0072b2", 25: "#009e73", 50: "#e69f00", 100: "#cc3311"}
# The same bytes for the same data: no date, no random ids.
plt.rcParams.update({"svg.hashsalt": "annoy", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "svg.fonttype": "none"})


def rows(name):
    with open(HERE / "data" / name, newline="") as f:
        return list(csv.DictReader(f))


def save(fig, name):
    fig.tight_layout()
    fig.savefig(HERE / name, metadata={"Date": None})
    plt.close(fig)


def grid(title_x, title_y):
    fig, axes = plt.subplots(2, 2, figsize=(9, 6.4))
    for ax, (name, title) in zip(axes.flat, SETS.items()):
        ax.set(title=title, xlabel=title_x, ylabel=title_y)
    return fig, dict(zip(SETS, axes.flat))


def curves(search, name, x, y, labels):
    fig, axes = grid(*labels)
    for key, ax in axes.items():
        for trees, colour in COLOURS.items():
            points = [r for r in search if r["set"] == key and int(r["trees"]) == trees]
            if points:
                ax.plot([float(r[x]) for r in points], [float(r[y]) for r in points], "o-", ms=3, lw=1.2, color=colour, label=f"{trees} trees")
        if x == "search_k":
            ax.set_xscale("log")
        else:
            ax.set_yscale("log")
            ax.set_xlim(0.5, 1.005)
        ax.legend(fontsize=8)
    save(fig, name)


def at_recall(points, target):
    """search_k and queries a second at a recall, between the two points around it on logarithmic scales."""
    for a, b in zip(points, points[1:]):
        ra, rb = float(a["recall"]), float(b["recall"])
        if ra < target <= rb:
            w = (target - ra) / (rb - ra)
            mix = lambda field: math.exp((1 - w) * math.log(float(a[field])) + w * math.log(float(b[field])))
            return mix("search_k"), mix("qps")
    return None


def two_digits(x):
    return f"{float(f'{float(x):.2g}'):,.0f}"


def table(search):
    """Prints what each number of trees needs for some recalls."""
    targets = (0.8, 0.9, 0.95, 0.99)
    print("| set | trees | " + " | ".join(f"{t:.2f}" for t in targets) + " | at the default k · trees |")
    print("|---|---|" + "---|" * (len(targets) + 1))
    for key in SETS:
        for trees in COLOURS:
            points = [r for r in search if r["set"] == key and int(r["trees"]) == trees]
            cells = []
            for t in targets:
                found = at_recall(points, t)
                cells.append(f"{two_digits(found[0])} → {two_digits(found[1])}" if found else "–")
            default = [r["recall"] for r in points if int(r["search_k"]) == 10 * trees]
            cells.append(f"{float(default[0]):.2f}" if default else "–")
            if points:
                print(f"| {key} | {trees} | " + " | ".join(cells) + " |")


def build_table(build):
    print("\n| set | trees | file, MB | of which trees | build, CPU seconds, one worker |\n|---|---|---|---|---|")
    for r in build:
        size, items = int(r["bytes"]), int(r["items_bytes"])
        if r["set"] != "usage":  # its items are those of gloss
            print(f"| {r['set']} | {r['trees']} | {size / 1e6:,.1f} | {(size - items) / size:.0%} | {float(r['build_s']):.2g} |")


def filter_table():
    print("\n| set | ids in the filter | search_k | scanned | listed: recall, queries/s | not listed: recall, queries/s |\n|---|---|---|---|---|---|")
    pairs = {}
    for r in rows("filter.csv"):
        pairs.setdefault((r["set"], int(r["ids"]), int(r["search_k"])), {})[r["listed"]] = r
    for (key, ids, search_k), pair in pairs.items():
        cells = " | ".join(f"{float(pair[v]['recall']):.3f}, {two_digits(pair[v]['qps'])}" for v in ("true", "false"))
        print(f"| {key} | {ids:,} | {search_k:,} | {'yes' if ids <= max(1000, 2 * search_k) else 'no'} | {cells} |")


def main():
    search, build = rows("search.csv"), rows("build.csv")
    table(search)
    build_table(build)
    filter_table()
    curves(search, "recall.svg", "search_k", "recall", ("search_k", "recall@10"))
    curves(search, "qps.svg", "recall", "qps", ("recall@10", "queries per CPU second"))

    fig, axes = plt.subplots(1, 2, figsize=(9, 3.3))
    for key, marker in (("words", "s"), ("gloss", "o"), ("sift", "^")):
        points = [r for r in build if r["set"] == key]
        trees = [int(r["trees"]) for r in points]
        axes[0].plot(trees, [int(r["bytes"]) / int(r["items_bytes"]) for r in points], marker + "-", ms=4, lw=1.2, label=key)
        axes[1].plot(trees, [float(r["build_s"]) / int(r["items"]) * 1e6 for r in points], marker + "-", ms=4, lw=1.2, label=key)
    axes[0].set(title="file size", xlabel="trees", ylabel="bytes / bytes of the items alone", ylim=(0, None))
    axes[1].set(title="build time, one worker", xlabel="trees", ylabel="CPU µs an item", ylim=(0, None))
    for ax in axes:
        ax.legend(fontsize=8)
    save(fig, "build.svg")


if __name__ == "__main__":
    main()
