"""The module within a process: signals, faults, threads, interpreters, the end."""

import os
import signal
import sys
import threading
import time
import unittest

import annoy
from annoy import AnnoyIndex
from common import DIM, InFolder, built, run, vectors


class Signals(InFolder):
    def interrupted(self, work, after=0.3):
        """Runs work, which Ctrl-C is to end, and returns the seconds that it went on."""
        sent = []

        def send():
            time.sleep(after)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            with self.assertRaises(KeyboardInterrupt):
                work()
                sender.join()  # it was too quick: the signal comes here, and the next line fails
                self.fail("the work was over before it was interrupted")
        finally:
            sender.join()
        return time.monotonic() - sent[0]

    def test_ctrl_c_ends_a_build(self):
        index = AnnoyIndex(DIM, "angular")
        index.add_items(None, vectors(20000))
        self.interrupted(lambda: index.build(100000))
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (20000, 0))
        index.add_item(20000, vectors(1, seed=4)[0])  # the items are there, and more may come
        index.build(2)
        self.assertEqual(index.get_nns_by_item(20000, 1), [20000])

    def test_ctrl_c_ends_a_build_on_disk(self):
        index = AnnoyIndex(DIM, "angular")
        index.on_disk_build(self.path())
        index.add_items(None, vectors(20000))
        self.interrupted(lambda: index.build(100000))
        self.assertFalse(os.path.exists(self.path()))
        index.build(2)
        self.assertEqual(index.get_n_trees(), 2)

    def test_ctrl_c_ends_searches(self):
        index = built(20000, trees=2)
        queries = vectors(20000)
        self.interrupted(lambda: [index.get_nns_by_vectors(queries, 10, -2) for _ in range(1000)])

    def test_ctrl_c_in_a_filter(self):
        index = built(2000)

        def slow(id):
            time.sleep(0.01)
            return False

        self.interrupted(lambda: index.get_nns_by_vectors(vectors(100), 5, filter=slow))

    def test_a_handler_of_python_may_go_on(self):
        calls = []
        before = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            index = AnnoyIndex(DIM, "angular")
            index.add_items(None, vectors(20000))
            index.build(40)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        self.assertEqual(index.get_n_trees(), 40)
        self.assertTrue(calls)

    def test_progress(self):
        index, told = AnnoyIndex(DIM, "angular"), []
        index.add_items(None, vectors(20000))
        index.build(60, n_jobs=1, progress=lambda done, total: told.append((done, total)))
        self.assertTrue(told)
        self.assertTrue(all(total == 20000 * 60 and 0 <= done <= total for done, total in told), told)
        index.unbuild()
        with self.assertRaises(ZeroDivisionError):
            index.build(100000, progress=lambda done, total: 1 / 0)


TRUNCATED = """
    import os, sys
    {before}
    from annoy import AnnoyIndex
    index = AnnoyIndex(16, "angular")
    index.load(sys.argv[1])
    {after}
    os.truncate(sys.argv[1], 4096)
    for call in (lambda: index.get_nns_by_item(0, 5, 50000), lambda: index.get_item_vector(4999), lambda: index.get_distance(4998, 4999),
            lambda: index.to_bytes(), lambda: index.get_nns_by_vectors([[1.0] * 16] * 50, 5, 50000), lambda: index.verify()):
        try:
            print("an answer:", call())
        except OSError as e:
            assert "cut short" in str(e), e
    {end}
    print("alive")
"""


class Faults(InFolder):
    def truncated(self, before="", after="", end="", check=True, options=()):
        self.saved(5000)
        return run(TRUNCATED.format(before=before, after=after, end=end), self.path(), check=check, options=options)

    def test_truncated_mapping(self):
        self.assertEqual(self.truncated().stdout, "alive\n")

    def test_faulthandler(self):
        on, off = "import faulthandler; faulthandler.enable()", "faulthandler.disable()"
        for before, after in ((on, ""), ("", on), (on, off), (on, off + "; faulthandler.enable()"), ("", on + "; " + off)):
            with self.subTest(before=before, after=after):
                self.assertEqual(self.truncated(before, after).stdout, "alive\n")

    def test_a_handler_of_python(self):
        after = "import signal; signal.signal(signal.SIGBUS, lambda *_: print('a handler'))"
        self.assertEqual(self.truncated(after=after).stdout, "alive\n")
        # The one that is raised is not Go's.
        done = self.truncated(after=after, end="os.kill(os.getpid(), signal.SIGBUS)")
        self.assertEqual(done.stdout, "a handler\nalive\n")

    def test_other_faults_are_faulthandler_s(self):
        # Of code that is not Go's the process ends, as without annoy, and faulthandler tells where, once.
        on = "import faulthandler; faulthandler.enable()"
        crash = "import ctypes; print('before', flush=True); ctypes.string_at(8)"
        for before, after in ((on, ""), ("", on)):
            with self.subTest(before=before, after=after):
                done = self.truncated(before, after, crash, check=False)
                self.assertEqual(done.returncode, -signal.SIGSEGV, done.stderr)
                self.assertEqual(done.stdout, "before\n")
                self.assertEqual(done.stderr.count("Fatal Python error: Segmentation fault"), 1, done.stderr)
                self.assertIn("string_at", done.stderr)


class Threads(InFolder):
    def test_stress(self):
        """8 threads search, load, unload, build and save, on indexes of their own and shared ones."""
        shared = self.saved(1000)
        want = {i: shared.get_nns_by_item(i, 10) for i in range(50)}
        moving, failures = AnnoyIndex(DIM, "angular"), []
        end = time.monotonic() + 5

        def search():
            i = 0
            while time.monotonic() < end:
                i = (i + 1) % 50
                self.assertEqual(shared.get_nns_by_item(i, 10), want[i])
                self.assertEqual(shared.get_nns_by_vectors([shared.get_item_vector(i)], 10, n_jobs=2).tolist()[0], want[i])

        def reload():
            while time.monotonic() < end:
                moving.load(self.path())
                moving.unload()

        def watch():
            while time.monotonic() < end:
                self.assertIn(moving.get_n_items(), (0, 1000))
                self.assertIn(len(moving.get_nns_by_vector([1.0] * DIM, 10)), (0, 10))

        def build():
            path = self.path(f"{threading.get_ident()}.ann")
            while time.monotonic() < end:
                index = AnnoyIndex(DIM, "angular")
                index.add_items(None, vectors(300))
                index.build(3)
                index.save(path)
                self.assertEqual(index.get_nns_by_item(7, 1), [7])

        def guarded(work):
            try:
                work()
            except BaseException as e:
                failures.append(e)

        threads = [threading.Thread(target=guarded, args=(w,)) for w in (search, search, search, reload, reload, watch, build, build)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])

    def test_one_index_built_by_many(self):
        index, refused = AnnoyIndex(DIM, "angular"), []
        index.add_items(None, vectors(20000))

        def build():
            try:
                index.build(20)
            except Exception as e:
                refused.append(str(e))

        threads = [threading.Thread(target=build) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(index.get_n_trees(), 20)
        self.assertEqual(len(refused), 3, refused)
        for text in refused:
            self.assertIn(text, ("annoy: a build of this index is under way", "You can't build a built index"))

    def test_other_threads_run_while_go_works(self):
        index = AnnoyIndex(DIM, "angular")
        index.add_items(None, vectors(20000))
        builder = threading.Thread(target=index.build, args=(60, 1))
        builder.start()
        turns = 0
        while builder.is_alive():
            turns += 1
        self.assertGreater(turns, 1000)

    def test_a_filter_must_not_change_its_index(self):
        index = built()
        for change in (index.unload, index.unbuild, lambda: index.save(self.path()), lambda: index.build(2)):
            with self.assertRaisesRegex(RuntimeError, "with a filter that is a function"):
                index.get_nns_by_item(0, 5, filter=lambda id: change())
        self.assertEqual(len(index.get_nns_by_item(0, 5, filter=lambda id: index.get_nns_by_item(id, 1) == [id])), 5)


@unittest.skipUnless(os.path.isdir("/proc/self/fd"), "this system does not tell the descriptors of a process")
class Descriptors(InFolder):
    def test_indexes_hold_none(self):
        self.saved(count=50)
        canopy = annoy.Canopy(DIM, "euclidean")
        canopy.add_items(None, vectors(50))
        canopy.build()
        canopy.save(self.path("x.canopy"))
        run(
            """
            import os, resource, sys, warnings
            import annoy
            forest, canopy, ignored = sys.argv[1:]
            warnings.filterwarnings("ignore", ignored)
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

            def opened():
                index = annoy.AnnoyIndex(16, "angular")
                index.load(forest)
                return index

            def built():
                index = annoy.AnnoyIndex(16, "angular")
                index.add_item(0, [1.0] * 16)
                index.build(1)
                return index

            first = [opened(), built(), annoy.Canopy.open(canopy)]
            before = os.listdir("/proc/self/fd")
            forests = [opened() for _ in range(10000)]
            canopies = [annoy.Canopy.open(canopy) for _ in range(300)]
            memory = [built() for _ in range(300)]
            assert os.listdir("/proc/self/fd") == before, (before, os.listdir("/proc/self/fd"))
            pid = os.fork()
            for indexes in (forests, memory):
                assert indexes[-1].get_nns_by_item(0, 1) == [0]
            assert canopies[-1].search_by_id(0, 1)[0] == [0]
            if pid == 0:
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            """,
            self.path(),
            self.path("x.canopy"),
            ".*multi-threaded, use of fork",
        )


class Interpreter(InFolder):
    @unittest.skipUnless(sys.platform == "linux", "what is open is read from /proc")
    def test_import_does_not_open_the_library(self):
        run("""
            import pathlib
            import annoy
            assert "_libannoy" not in pathlib.Path("/proc/self/maps").read_text()
            annoy.AnnoyIndex(3, "angular")
            assert "_libannoy" in pathlib.Path("/proc/self/maps").read_text()
            """)

    def test_numpy_is_not_needed_nor_imported(self):
        run("""
            import sys
            import annoy
            index = annoy.AnnoyIndex(3, "angular")
            index.add_item(0, [1, 2, 3])
            index.build(1)
            assert index.get_nns_by_vector([1, 2, 3], 1) == [0]
            assert "numpy" not in sys.modules
            sys.modules["numpy"] = None  # from here on it is not there
            index.unbuild()
            index.add_items(range(1, 5), [[1, 2, 4], (1, 2, 5), [1, 3, 5], [0, 0, 9]])
            index.build(1)
            ids, distances = index.get_nns_by_vectors([[1, 2, 3], [0, 0, 1]], 6, -2, include_distances=True)
            assert ids.shape == distances.shape == (2, 5) and ids.format == "q" and distances.format == "f"
            assert ids.tolist()[0][0] == 0 and ids.tolist()[1][0] == 4, ids.tolist()
            assert index.get_nns_by_vector([1, 2, 3], 3, filter={4, 1}) == [1, 4]
            """)

    def test_subinterpreters_are_refused(self):
        name = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
        run(f"""
            import {name} as interpreters
            import annoy
            annoy.AnnoyIndex(3, "angular")
            id = interpreters.create({"" if sys.version_info < (3, 13) else "'legacy'"})
            code = '''
            try:
                import annoy
            except ImportError as e:
                assert "sub-interpreter" in str(e) or "subinterpreters" in str(e), e  # where each has its own lock, Python says it
            else:
                raise AssertionError("it was imported")
            '''
            import textwrap
            failed = interpreters.run_string(id, textwrap.dedent(code))
            assert failed is None, failed
            """, options=("-X", "dev"))

    def test_end_while_daemon_threads_are_in_go(self):
        for _ in range(5):
            run("""
                import threading, time
                import annoy
                index = annoy.AnnoyIndex(8, "angular")
                index.add_items(None, [[float(i * j % 97) for j in range(8)] for i in range(3000)])
                building = annoy.AnnoyIndex(8, "angular")
                building.add_items(None, [[float(i * j % 97) for j in range(8)] for i in range(3000)])
                index.build(5)
                def search():
                    while True:
                        index.get_nns_by_item(0, 10, 3000)
                def ask():
                    while True:
                        index.get_nns_by_item(0, 10, 3000, filter=lambda id: id % 2)
                for work in (search, search, ask, lambda: building.build(100000)):
                    threading.Thread(target=work, daemon=True).start()
                time.sleep(0.1)
                """)

    def test_objects_that_outlive_the_module(self):
        run("""
            import annoy
            class Keeper:
                def __del__(self):
                    self.index.get_n_items()
            keeper = Keeper()
            keeper.index = annoy.AnnoyIndex(3, "angular")
            keeper.me = keeper
            """)


def resident():
    """Bytes of memory that are this process's."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@unittest.skipUnless(sys.platform == "linux", "memory is read from /proc")
@unittest.skipUnless(sys.platform == "linux", "other systems do not keep to such a limit")
class AddressSpace(unittest.TestCase):
    code = """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), resource.RLIM_INFINITY))
        from annoy import AnnoyIndex, Canopy
        for _ in range(2):
            try:
                index = AnnoyIndex(3, "angular")
            except MemoryError as e:
                print(e)
        if sys.argv[2] == "works":
            index.add_items(None, [[1, 2, 3]] * 50)
            index.build(2)
            print(len(index.get_nns_by_item(0, 3)))
    """

    def test_too_little(self):
        """Go ends the process where it cannot reserve what it wants. It is asked before, and the number that is told is enough."""
        for limit in (256 << 20, 1 << 30):
            told = run(self.code, limit, "").stdout.splitlines()
            self.assertEqual(len(told), 2)
            for line in told:
                self.assertRegex(line, f"limited to {limit >> 10} KiB .*needs a limit of [0-9]+ KiB or more$")
        enough = int(told[0].split()[-4])
        self.assertEqual(run(self.code, (enough + (32 << 10)) << 10, "works").stdout, "3\n")


class Memory(InFolder):
    def flat(self, work, times, allowed):
        for _ in range(times // 10):
            work()
        before, files = resident(), descriptors()
        for _ in range(times):
            work()
        self.assertLess(resident() - before, allowed)
        self.assertEqual(descriptors(), files)

    def test_load_and_unload(self):
        self.saved(100, trees=2)
        index = AnnoyIndex(DIM, "angular")

        def work():
            index.load(self.path())
            index.unload()

        self.flat(work, 100_000, 8 << 20)

    def test_load_and_forget(self):
        self.saved(100, trees=2)
        self.flat(lambda: AnnoyIndex(DIM, "angular").load(self.path()), 5000, 8 << 20)

    def test_searches_and_errors(self):
        index, v = built(), vectors(1)[0]
        allowed = annoy.Filter(range(100))

        def work():
            index.get_nns_by_vector(v, 20, include_distances=True)
            index.get_nns_by_vector(v, 200, include_distances=True, filter=allowed)
            index.get_nns_by_vector(v, 2, filter=[1, 2, 3])
            index.get_nns_by_vectors([v, v], 3)
            index.get_item_vector(3)
            for wrong in (lambda: index.get_item_vector(-1), lambda: index.get_nns_by_vector(v, 3, recall=2), lambda: index.load("/none")):
                try:
                    wrong()
                except Exception:
                    pass

        self.flat(work, 5000, 8 << 20)

    def test_builds(self):
        self.flat(lambda: built(100, trees=2).to_bytes(), 1000, 16 << 20)


if __name__ == "__main__":
    unittest.main()
