"""Go's runtime does not survive a fork: the child opens a copy of the library, and its indexes again."""

import multiprocessing
import os
import threading
import unittest
import warnings
from concurrent.futures import ProcessPoolExecutor

import annoy
from annoy import AnnoyIndex
from common import DIM, InFolder, built, run, vectors


MULTITHREADED = ".*multi-threaded, use of fork"


def child(work):
    """Runs work in a forked child, and returns what it returned, as text."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = str(work())
        except BaseException as e:
            answer = f"{type(e).__name__}: {e}"
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        answer = f.read()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise AssertionError(f"the child ended with status {status}; it said {answer!r}")
    return answer


@unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
class Fork(InFolder):
    def setUp(self):
        super().setUp()
        # From 3.12 on Python warns of every fork of a process with threads, Go's among them: that it works is what is tested.
        ignored = warnings.catch_warnings()
        ignored.__enter__()
        self.addCleanup(ignored.__exit__, None, None, None)
        warnings.filterwarnings("ignore", MULTITHREADED)

    def test_loaded(self):
        self.saved()
        index = AnnoyIndex(DIM, "angular")
        index.load(self.path())
        want = index.get_nns_by_item(3, 10, include_distances=True)
        self.assertEqual(child(lambda: index.get_nns_by_item(3, 10, include_distances=True)), str(want))
        self.assertEqual(index.get_nns_by_item(3, 10, include_distances=True), want)

    def test_every_call_may_be_the_first(self):
        self.saved()
        index = AnnoyIndex(DIM, "angular")
        index.load(self.path())
        v = vectors(1, seed=9)[0]
        calls = [
            lambda: index.get_n_items(), lambda: index.get_n_trees(), lambda: index.get_item_vector(3), lambda: index.get_distance(1, 2),
            lambda: index.get_nns_by_vector(v, 5), lambda: index.get_nns_by_vector(v, 5, filter=[1, 2, 3]), lambda: index.stats()["items"],
            lambda: len(index.to_bytes()), lambda: index.verbose(0), lambda: index.metric, lambda: index.f, lambda: index.verify(),
        ]
        for call in calls:
            self.assertEqual(child(call), str(call()))

    def test_many_forks_with_threads(self):
        index = self.saved()
        want = index.get_nns_by_item(0, 10)

        def work():
            answers = []
            threads = [threading.Thread(target=lambda: answers.append([index.get_nns_by_item(0, 10) for _ in range(50)])) for _ in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            return all(a == want for many in answers for a in many) and len(answers) == 4

        for _ in range(30):
            self.assertEqual(child(work), "True")

    def test_while_threads_of_the_parent_search(self):
        index = self.saved(count=2000)
        want, stop = index.get_nns_by_item(0, 10), threading.Event()

        def search():
            while not stop.is_set():
                index.get_nns_by_item(0, 10, 2000)

        threads = [threading.Thread(target=search) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for _ in range(10):
                self.assertEqual(child(lambda: index.get_nns_by_item(0, 10)), str(want))
        finally:
            stop.set()
            for t in threads:
                t.join()

    def test_while_the_parent_builds(self):
        index, saved = AnnoyIndex(DIM, "angular"), self.saved()
        index.add_items(None, vectors(20000))
        builder = threading.Thread(target=index.build, args=(20,))
        builder.start()
        try:
            self.assertEqual(child(lambda: saved.get_n_items()), "500")
            self.assertIn("RuntimeError: this index was not built", child(lambda: index.get_n_items()))
        finally:
            builder.join()
        self.assertEqual(index.get_n_trees(), 20)

    def test_forks_of_forks(self):
        index = self.saved()
        want = str(index.get_nns_by_item(0, 10))

        def down(depth):
            answer = str(index.get_nns_by_item(0, 10))
            return answer if depth == 0 else child(lambda: down(depth - 1))

        self.assertEqual(child(lambda: down(4)), want)

    def test_not_built_says_what_to_do(self):
        unbuilt = built()
        unbuilt.unbuild()
        for index in (self.only_added(), unbuilt):
            answer = child(lambda: index.get_nns_by_item(0, 10))
            self.assertIn("RuntimeError: this index was not built before the fork", answer)
            self.assertIn("call build() in the parent", answer)
            self.assertEqual(child(lambda: (index.unload(), index.get_n_items())), "(True, 0)")
            self.saved(count=77)
            self.assertEqual(child(lambda: (index.load(self.path()), index.get_n_items())), "(True, 77)")

    def only_added(self):
        index = AnnoyIndex(DIM, "angular")
        index.add_item(0, vectors(1)[0])
        return index

    def test_empty_goes_on(self):
        index = AnnoyIndex(DIM, "angular")

        def work():
            index.add_items(None, vectors(50))
            index.build(3)
            index.save(self.path("child.ann"))
            return index.get_nns_by_item(7, 1)

        self.assertEqual(child(work), "[7]")
        self.assertEqual(index.get_n_items(), 0)

    def test_built_and_never_saved(self):
        for metric in ("angular", "cosine", "euclidean", "manhattan", "hamming", "dot"):
            index = AnnoyIndex(DIM, metric)
            index.set_seed(7)
            rows = vectors(300)
            index.add_items(None, [[float(x > 0) for x in v] for v in rows] if metric == "hamming" else rows)
            index.build(6)
            calls = [
                lambda: index.get_nns_by_item(3, 10, include_distances=True), lambda: index.get_nns_by_item(3, 5, filter=range(0, 300, 7)),
                lambda: index.get_nns_by_vector(index.get_item_vector(9), 3), lambda: index.get_distance(1, 2), lambda: index.stats(),
                lambda: (index.get_n_items(), index.get_n_trees()), lambda: index.get_nns_by_vectors(vectors(9), 3).tolist(), lambda: index.verify(),
            ]
            for call in calls:
                self.assertEqual(child(call), str(call()), metric)
            self.assertEqual(child(lambda: [str(call()) for call in calls]), str([str(call()) for call in calls]), metric)
            self.assertEqual(child(lambda: index.save(self.path())), "True")
            with open(self.path(), "rb") as f:
                self.assertEqual(f.read(), index.to_bytes(), metric)

    def test_built_canopy_never_saved(self):
        canopy = annoy.Canopy(DIM, "euclidean")
        for i, v in enumerate(vectors(500)):
            canopy.add_key(f"key {i}", v)
        canopy.build(metadata=b"mine")
        q = vectors(1, seed=3)[0]
        calls = [
            lambda: canopy.search(q, 5), lambda: canopy.search(q, 5, recall=0.9, filter=range(0, 500, 3)), lambda: canopy.vector(7),
            lambda: (len(canopy), canopy.metadata(), canopy.key(3), canopy.lookup("key 4")), lambda: canopy.stats(), lambda: canopy.verify(),
        ]
        for call in calls:
            self.assertEqual(child(call), str(call()))
        self.assertEqual(child(lambda: canopy.save(self.path("x.canopy"))), "None")
        with open(self.path("x.canopy"), "rb") as f:
            self.assertEqual(f.read(), canopy.to_bytes())
        self.assertEqual(child(lambda: canopy.search(q, 5)), str(canopy.search(q, 5)))

    def test_built_without_items(self):
        index = AnnoyIndex(DIM, "angular")
        index.build(3)
        self.assertEqual(child(lambda: (index.get_n_items(), index.get_nns_by_vector([1] * DIM, 3))), "(0, [])")

    def test_built_forks_of_forks(self):
        index = built()
        want = str(index.get_nns_by_item(0, 10))

        def down(depth):
            answer = str(index.get_nns_by_item(0, 10)) if depth % 2 else want  # not each of them opens the library
            return child(lambda: down(depth - 1)) if depth and answer == want else answer

        self.assertEqual(child(lambda: down(4)), want)
        self.assertEqual(child(lambda: down(3)), want)

    def test_parent_gives_up_what_the_child_uses(self):
        self.saved(name="of another.ann", seed=9)
        loaded = AnnoyIndex(DIM, "angular")
        loaded.load(self.path("of another.ann"))
        for index in (built(), loaded):
            for give_up in (lambda: index.unload(), lambda: index.load(self.path("of another.ann"))):
                want = str(index.get_nns_by_item(0, 10))
                ready, go = os.pipe(), os.pipe()

                def work():
                    before = str(index.get_nns_by_item(0, 10))
                    os.write(ready[1], b"r")
                    os.read(go[0], 1)
                    return before, str(index.get_nns_by_item(0, 10))

                def parent():
                    os.read(ready[0], 1)
                    give_up()
                    for seed in range(3):
                        built(seed=seed)  # the memory is used for something else
                    os.write(go[1], b"g")

                thread = threading.Thread(target=parent)
                thread.start()
                self.assertEqual(child(work), str((want, want)))
                thread.join()
                for end in (*ready, *go):
                    os.close(end)
                if index.get_n_items() == 0:
                    index.load(self.path("of another.ann"))

    def test_while_a_thread_changes_the_index(self):
        index, stop = self.saved(), threading.Event()
        want = str(index.get_nns_by_item(0, 10))

        def change():
            while not stop.is_set():
                index.load(self.path())
                index.save(self.path("copy.ann"))
                index.unload()

        thread = threading.Thread(target=change)
        thread.start()
        try:
            answers = {child(lambda: index.get_nns_by_item(0, 10)) for _ in range(40)}
        finally:
            stop.set()
            thread.join()
        for answer in answers - {want}:
            self.assertRegex(answer, "RuntimeError: this index was not built|IndexError: Item index larger|OSError: ")

    def test_built_in_pools(self):
        index = built()
        want = [index.get_nns_by_item(i, 5) for i in range(40)]
        keep(index)
        self.addCleanup(keep, None)
        with multiprocessing.get_context("fork").Pool(3) as pool:
            running = pool.map_async(search_kept, range(40))
            self.assertEqual([index.get_nns_by_item(i, 5) for i in range(40)], want)
            self.assertEqual(running.get(), want)

    def test_built_on_disk(self):
        index = AnnoyIndex(DIM, "angular")
        index.on_disk_build(self.path())
        for i, v in enumerate(vectors(300)):
            index.add_item(i, v)
        self.assertIn("RuntimeError: this index was not built", child(lambda: index.get_n_items()))
        index.build(5)
        self.assertEqual(child(lambda: index.get_nns_by_item(0, 5)), str(index.get_nns_by_item(0, 5)))

    def test_file_replaced_or_gone(self):
        index = self.saved(count=400)
        want = str(index.get_nns_by_item(0, 5))
        self.saved(count=100, seed=5)  # in place of it: the index has the old one
        self.assertEqual(child(lambda: index.get_nns_by_item(0, 5)), want)
        os.remove(self.path())
        os.remove(self.path() + ".meta")
        self.assertEqual(child(lambda: index.get_nns_by_item(0, 5)), want)

    def test_descriptors_closed(self):
        # As programs do that become daemons; the numbers are then given to other files.
        index = self.saved()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, "/")
        want = str(index.get_nns_by_item(0, 5))
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(write, 1)
            os.closerange(3, 256)
            for _ in range(30):
                os.open(os.devnull, os.O_RDONLY)
            os.write(1, str(index.get_nns_by_item(0, 5)).encode())
            os._exit(0)
        os.close(write)
        os.waitpid(pid, 0)
        with os.fdopen(read) as f:
            self.assertEqual(f.read(), want)

    def test_of_bytes(self):
        index = AnnoyIndex.from_bytes(built().to_bytes(), DIM, "angular")
        self.assertEqual(child(lambda: index.get_nns_by_item(0, 5)), str(index.get_nns_by_item(0, 5)))

    def test_canopy_and_filters(self):
        canopy = annoy.Canopy(DIM, "euclidean")
        canopy.add_items(None, vectors(500))
        canopy.build()
        canopy.save(self.path("x.canopy"))
        q = vectors(1, seed=3)[0]
        filters = [annoy.Filter(range(0, 500, 3)), annoy.Filter([True, False] * 250), annoy.Filter(lambda id: id > 250)]
        for f in filters:
            self.assertEqual(child(lambda: canopy.search(q, 5, filter=f)), str(canopy.search(q, 5, filter=f)))
        resident = annoy.Canopy.open(self.path("x.canopy"), access="resident")
        self.assertEqual(child(lambda: resident.stats()["access"]), "resident")

    def test_faults_and_faulthandler_in_the_child(self):
        self.saved(count=5000)
        index = AnnoyIndex(DIM, "angular")
        index.load(self.path())

        def work():
            import faulthandler

            index.get_n_items()
            faulthandler.enable()
            os.truncate(self.path(), 4096)
            return index.get_nns_by_item(0, 5, 50000)

        self.assertIn("cut short", child(work))

    def test_pools(self):
        self.saved()
        index = AnnoyIndex(DIM, "angular")
        index.load(self.path())
        want = [index.get_nns_by_item(i, 5) for i in range(40)]
        context = multiprocessing.get_context("fork")
        with context.Pool(3, initializer=keep, initargs=(index,)) as pool:
            self.assertEqual(pool.map(search_kept, range(40)), want)
        for method in ("fork", "spawn"):  # where the index is pickled, by its path
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
                self.assertEqual(list(pool.map(search_given, [index] * 40, range(40), chunksize=10)), want)

    def test_exit_of_the_child(self):
        # With the interpreter's own end, not os._exit: objects of the parent are given up in a process that cannot.
        run(
            """
            import os, sys, warnings
            from annoy import AnnoyIndex
            warnings.filterwarnings("ignore", sys.argv[2])
            loaded, memory = AnnoyIndex(16, "angular"), AnnoyIndex(16, "angular")
            loaded.load(sys.argv[1])
            memory.add_item(0, [1.0] * 16)
            used = os.fork()
            if used == 0:
                assert loaded.get_n_items() == 500
                del loaded, memory
                sys.exit(7)
            unused = os.fork()
            if unused == 0:
                sys.exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(used, 0)[1]) == 7
            assert os.waitstatus_to_exitcode(os.waitpid(unused, 0)[1]) == 7
            """,
            (self.saved(), self.path())[1],
            MULTITHREADED,
        )


def keep(index):
    global kept
    kept = index


def search_kept(i):
    return kept.get_nns_by_item(i, 5)


def search_given(index, i):
    return index.get_nns_by_item(i, 5)


if __name__ == "__main__":
    unittest.main()
