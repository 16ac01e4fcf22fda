"""One library at work, whichever `import annoy` finds in the environment of the interpreter that runs this.

    python worker.py who                 which library this is
    python worker.py build FOLDER        builds every case of FOLDER/cases.json into FOLDER/NAME.ann
    python worker.py answer FOLDER OUT   loads those files and answers each case's queries, as JSON, into OUT
    python worker.py run FOLDER OUT N    runs FOLDER/programs.json from program N on, a line of JSON for each into OUT

It uses nothing that Annoy 1.17.3 does not have, so that the same lines run in both environments.
"""

import faulthandler
import importlib.metadata
import json
import os
import pathlib
import sys
import tempfile

import annoy
import numpy as np


def who():
    """The distribution that `import annoy` comes from, with its version."""
    names = [d for d in ("annoy", "annoy-go") if version(d)]
    return {"library": ", ".join(f"{d} {version(d)}" for d in names), "ours": hasattr(annoy, "Canopy")}


def version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def build(folder):
    for case in json.loads((folder / "cases.json").read_text()):
        print("build", case["name"], flush=True)  # before: a crash of a library leaves nothing else
        vectors = np.load(folder / case["vectors"])
        path = str(folder / case["file"])
        index = annoy.AnnoyIndex(case["dim"], case["metric"])
        index.set_seed(case["seed"])
        if case["on_disk"]:
            index.on_disk_build(path)
        for row, i in enumerate(case["ids"]):
            # Lists and arrays take different ways into both libraries.
            index.add_item(i, vectors[row] if row % 2 else vectors[row].tolist())
        index.build(case["trees"])
        if not case["on_disk"]:
            index.save(path)


def answer(folder, out):
    answers = {}
    for case in json.loads((folder / "cases.json").read_text()):
        print("answer", case["name"], flush=True)
        queries = np.load(folder / case["queries"])
        index = annoy.AnnoyIndex(case["dim"], case["metric"])
        index.load(str(folder / case["file"]), prefault=case["on_disk"])
        got = {"items": index.get_n_items(), "trees": index.get_n_trees(), "by_vector": [], "by_item": []}
        for n, search_k in case["searches"]:
            for q in queries:
                got["by_vector"].append(index.get_nns_by_vector(q, n, search_k, include_distances=True))
            for i in case["ask"]:
                got["by_item"].append(index.get_nns_by_item(i, n, search_k, include_distances=True))
        got["vectors"] = [index.get_item_vector(i) for i in case["ask"]]
        got["distances"] = [[index.get_distance(i, j) for i in case["ask"]] for j in case["ask"]]
        answers[case["name"]] = got
        index.unload()
    out.write_text(json.dumps(answers))


def run(folder, out, first):
    for number, program in enumerate(json.loads((folder / "programs.json").read_text())):
        if number < first:
            continue
        with tempfile.TemporaryDirectory() as here:
            os.chdir(here)
            outcomes = run_program(program)
            os.chdir(folder)
        with out.open("a") as lines:
            lines.write(json.dumps([number, outcomes]) + "\n")


def differs(method, index, on_disk):
    """Whether a call is one of those where the libraries differ on purpose."""
    built = index.get_n_trees() > 0
    return (
        method == "add_item" and built  # Annoy's loses the item
        or method == "on_disk_build" and (built or index.get_n_items() > 0)  # the items
        or method == "save" and on_disk  # writes nothing
    )


def run_program(program):
    """What each call gave: its result, or the class and the message of its exception; "" where it was left out."""
    objects = [annoy.AnnoyIndex(program["f"], program["metric"]) for _ in range(2)]
    on_disk, outcomes = set(), []
    for number, method, arguments, keywords in program["calls"]:
        index = objects[number]
        if method == "add_new":  # no holes: after an unbuild Annoy's hold what was left of the trees
            method, arguments = "add_item", [max(0, index.get_n_items() - arguments[0]), arguments[1]]
        if differs(method, index, number in on_disk):
            outcomes.append("")
            continue
        try:
            outcomes.append([getattr(index, method)(*arguments, **keywords), index.get_n_items()])
        except Exception as e:
            outcomes.append([type(e).__name__, str(e), index.get_n_items()])
            continue
        if method == "unload":  # after which Annoy's cannot be built
            objects[number] = annoy.AnnoyIndex(program["f"], program["metric"])
        if method in ("unload", "load"):
            on_disk.discard(number)
        if method == "on_disk_build":
            on_disk.add(number)
    return outcomes


def main():
    faulthandler.enable()
    verb, *paths = sys.argv[1:]
    if verb == "who":
        print(json.dumps(who()))
    elif verb == "build":
        build(pathlib.Path(paths[0]))
    elif verb == "answer":
        answer(pathlib.Path(paths[0]), pathlib.Path(paths[1]))
    elif verb == "run":
        run(pathlib.Path(paths[0]), pathlib.Path(paths[1]), int(paths[2]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
