"""Building, unbuilding, seeds, threads, and building on disk, as Annoy 1.17.3 does it."""

import os
import pathlib
import subprocess
import sys
import unittest

from annoy import AnnoyIndex

from annoy_case import METRICS, OURS, AnnoyCase, index_of, mended, vectors

BUILT = "You can't build a built index"
LOADED = "You can't build a loaded index"


class Build(AnnoyCase):
    def test_trees(self):
        rows = vectors(200, 5)
        for trees in (1, 2, 31):
            index = index_of(rows, trees=None)
            self.assertEqual(index.get_n_trees(), 0)
            self.assertIs(index.build(trees), True)
            self.assertEqual(index.get_n_trees(), trees)
            index.save("x.ann")
            self.assertEqual(index.get_n_trees(), trees)
            loaded = AnnoyIndex(5, "euclidean")
            loaded.load("x.ann")
            self.assertEqual(loaded.get_n_trees(), trees)

    def test_trees_of_its_own_choice(self):
        # As many as take the room of the items once more.
        index = index_of(vectors(500, 20), trees=None)
        index.build(-1)
        self.assertGreater(index.get_n_trees(), 1)

    def test_jobs(self):
        rows = vectors(300, 10)
        for jobs in (-1, 1, 2, 4, 8, 100):
            index = index_of(rows, trees=None)
            self.assertIs(index.build(7, n_jobs=jobs), True)
            self.assertEqual(index.get_n_trees(), 7)
            self.assertEqual(sorted(index.get_nns_by_item(0, 300, 10**6)), list(range(300)))

    def test_build_twice(self):
        index = index_of(vectors(100, 5), trees=3)
        with self.raises(Exception, BUILT):
            index.build(3)
        self.assertEqual(index.get_n_trees(), 3)

    def test_build_after_load_and_save(self):
        index = index_of(vectors(100, 5), trees=3)
        index.save("x.ann")
        with self.raises(Exception, LOADED):
            index.build(3)
        loaded = AnnoyIndex(5, "euclidean")
        loaded.load("x.ann")
        with self.raises(Exception, LOADED):
            loaded.build(3)
        self.assertEqual((loaded.get_n_items(), loaded.get_n_trees()), (100, 3))

    def test_add_after_load_and_save(self):
        index = index_of(vectors(100, 5), trees=3)
        index.save("x.ann")
        with self.raises(Exception, "You can't add an item to a loaded index"):
            index.add_item(0, [1, 2, 3, 4, 5])
        loaded = AnnoyIndex(5, "euclidean")
        loaded.load("x.ann")
        with self.raises(Exception, "You can't add an item to a loaded index"):
            loaded.add_item(0, [1, 2, 3, 4, 5])

    @mended("the item is taken and lost: it is in no tree")
    def test_add_after_build(self):
        index = index_of(vectors(100, 5), trees=3)
        with self.assertRaises(Exception):
            index.add_item(100, [1, 2, 3, 4, 5])
        self.assertEqual(index.get_n_items(), 100)

    def test_many_equal_vectors(self):
        index = index_of([[1.0, 2.0, 3.0]] * 20000, "angular", trees=2)
        self.assertEqual(index.get_nns_by_vector([1, 2, 3], 5, 10**6), [0, 1, 2, 3, 4])

    @mended("build(-5) never ends, build(0) and n_jobs=0 build nothing")
    def test_counts_that_mean_nothing(self):
        for arguments in ((-5,), (3, -2), (3, 0)):
            index = index_of(vectors(10, 5), trees=None)
            with self.assertRaises(ValueError):
                index.build(*arguments)
            self.assertEqual(index.get_n_trees(), 0)
            self.assertIs(index.build(2), True)


class Unbuild(AnnoyCase):
    def test_unbuild_and_add(self):
        index = index_of(vectors(100, 5), trees=3)
        self.assertIs(index.unbuild(), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (100, 0))
        index.add_item(100, [90, 90, 90, 90, 90])
        self.assertIs(index.build(4), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (101, 4))
        self.assertEqual(index.get_nns_by_vector([90, 90, 90, 90, 90], 1), [100])

    def test_unbuild_of_what_is_not_built(self):
        self.assertIs(AnnoyIndex(2, "dot").unbuild(), True)
        self.assertIs(index_of(vectors(10, 5), trees=None).unbuild(), True)

    def test_unbuild_of_what_is_loaded(self):
        index = index_of(vectors(100, 5), trees=3)
        index.save("x.ann")
        with self.raises(Exception, "You can't unbuild a loaded index"):
            index.unbuild()
        loaded = AnnoyIndex(5, "euclidean")
        loaded.load("x.ann")
        with self.raises(Exception, "You can't unbuild a loaded index"):
            loaded.unbuild()

    def test_again_and_again(self):
        index = index_of(vectors(100, 5), trees=3)
        for trees in range(1, 30):
            index.unbuild()
            index.build(trees)
            self.assertEqual(index.get_n_trees(), trees)
        self.assertEqual(index.get_n_items(), 100)


class Seed(AnnoyCase):
    def bytes_of(self, seed, jobs=1):
        index = index_of(vectors(400, 8), trees=None)
        if seed is not None:
            self.assertIsNone(index.set_seed(seed))
        index.build(5, n_jobs=jobs)
        index.save("x.ann")
        return pathlib.Path("x.ann").read_bytes()

    def test_same_seed_same_file(self):
        self.assertEqual(self.bytes_of(42), self.bytes_of(42))
        self.assertEqual(self.bytes_of(None), self.bytes_of(None))

    def test_other_seed_other_file(self):
        self.assertNotEqual(self.bytes_of(1), self.bytes_of(2))
        self.assertNotEqual(self.bytes_of(None), self.bytes_of(2))

    def test_any_int32(self):
        for seed in (0, -1, 2**31 - 1, -(2**31)):
            self.assertEqual(self.bytes_of(seed), self.bytes_of(seed))

    def test_seed_of_a_loaded_index(self):
        self.bytes_of(1)
        index = AnnoyIndex(8, "euclidean")
        index.load("x.ann")
        self.assertIsNone(index.set_seed(42))
        self.assertEqual(index.get_nns_by_item(3, 1), [3])

    @mended("two threads give another file every time")
    def test_threads_do_not_change_the_file(self):
        one = self.bytes_of(7, jobs=1)
        for jobs in (2, 3, -1):
            self.assertEqual(self.bytes_of(7, jobs), one)


class Empty(AnnoyCase):
    def test_no_items(self):
        for metric in METRICS:
            index = AnnoyIndex(10, metric)
            self.assertIs(index.build(10), True)
            self.assertEqual(index.get_n_items(), 0)
            self.assertEqual(index.get_nns_by_vector([0] * 10, 5), [])
            self.assertEqual(index.get_nns_by_vector([0] * 10, 5, include_distances=True), ([], []))
            with self.raises(IndexError, "Item index larger than the largest item index"):
                index.get_nns_by_item(0, 1)
            self.assertIs(index.save("x.ann"), True)
            loaded = AnnoyIndex(10, metric)
            self.assertIs(loaded.load("x.ann"), True)
            self.assertEqual(loaded.get_n_items(), 0)
            self.assertEqual(loaded.get_nns_by_vector([0] * 10, 5), [])

    def test_one_item(self):
        for metric in METRICS:
            index = AnnoyIndex(10, metric)
            index.add_item(0, [1] * 10)
            self.assertIs(index.build(10), True)
            self.assertEqual(index.get_nns_by_vector([1] * 10, 5), [0])
            self.assertIs(index.save("x.ann"), True)
            loaded = AnnoyIndex(10, metric)
            self.assertIs(loaded.load("x.ann"), True)
            self.assertEqual(loaded.get_n_items(), 1)
            self.assertEqual(loaded.get_nns_by_item(0, 5), [0])

    @mended("19 trees after it has been saved: the roots are leaves and are counted twice")
    def test_trees_of_a_small_index(self):
        index = index_of(vectors(3, 40), trees=10)
        index.save("x.ann")
        self.assertEqual(index.get_n_trees(), 10)
        loaded = AnnoyIndex(40, "euclidean")
        loaded.load("x.ann")
        self.assertEqual(loaded.get_n_trees(), 10)


class OnDisk(AnnoyCase):
    def test_on_disk(self):
        for metric in METRICS:
            rows = vectors(200, 6, metric=metric)
            index = AnnoyIndex(6, metric)
            self.assertIs(index.on_disk_build("disk.ann"), True)
            for i, row in enumerate(rows):
                index.add_item(i, row)
            self.assertEqual(index.get_n_items(), 200)
            self.assertIs(index.build(5), True)
            self.assertEqual((index.get_n_items(), index.get_n_trees()), (200, 5))
            self.assertEqual(index.get_item_vector(7), rows[7])
            everything = index.get_nns_by_vector(rows[7], 200, 10**6, True)
            self.assertEqual(sorted(everything[0]), list(range(200)))
            # The file is there without a save, and another index reads it.
            other = AnnoyIndex(6, metric)
            self.assertIs(other.load("disk.ann"), True)
            self.assertEqual((other.get_n_items(), other.get_n_trees()), (200, 5))
            self.assertEqual(other.get_nns_by_vector(rows[7], 200, 10**6, True), everything)
            # And the same object loads it again.
            self.assertIs(index.unload(), True)
            self.assertIs(index.load("disk.ann"), True)
            self.assertEqual(index.get_nns_by_vector(rows[7], 200, 10**6, True), everything)

    def test_an_impossible_file(self):
        with self.raises(OSError, "Unable to open: No such file or directory (2)"):
            AnnoyIndex(2, "dot").on_disk_build("no/such/folder.ann")

    def test_save_before_build(self):
        index = AnnoyIndex(2, "euclidean")
        index.on_disk_build("disk.ann")
        index.add_item(0, [1, 2])
        with self.raises(OSError, "You can't save an index that hasn't been built"):
            index.save("x.ann")

    @mended("save writes nothing and says True")
    def test_save_makes_a_copy(self):
        index = AnnoyIndex(2, "euclidean")
        index.on_disk_build("disk.ann")
        for i in range(50):
            index.add_item(i, [i, i * i % 7])
        index.build(4)
        self.assertIs(index.save("copy.ann"), True)
        self.assertEqual(pathlib.Path("copy.ann").read_bytes(), pathlib.Path("disk.ann").read_bytes())

    @mended("the items added before are lost")
    def test_items_before_on_disk_build(self):
        index = index_of(vectors(10, 3), trees=None)
        with self.assertRaises(Exception):
            index.on_disk_build("disk.ann")
        self.assertEqual(index.get_n_items(), 10)


class Verbose(AnnoyCase):
    def test_verbose_says_true(self):
        index = AnnoyIndex(2, "euclidean")
        for on in (True, False, 1, 0):
            self.assertIs(index.verbose(on), True)

    def build_in_a_process(self, verbose):
        code = (
            "import annoy\n"
            "index = annoy.AnnoyIndex(2, 'euclidean')\n"
            f"index.verbose({verbose})\n"
            "for i in range(500): index.add_item(i, [i % 31, i % 17])\n"
            "index.build(5)\n"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout, "")
        return run.stderr

    def test_quiet(self):
        self.assertEqual(self.build_in_a_process(False), "")

    def test_progress_goes_to_standard_error(self):
        self.assertNotEqual(self.build_in_a_process(True), "")


class Memory(AnnoyCase):
    @unittest.skipUnless(OURS and os.path.exists("/proc/self/statm"), "Annoy takes the memory; /proc is Linux's")
    def test_a_distant_id_costs_nothing_before_the_build(self):
        index = AnnoyIndex(8, "angular")
        before = resident()
        index.add_item(50_000_000, [1] * 8)
        self.assertEqual(index.get_n_items(), 50_000_001)
        self.assertLess(resident() - before, 2**28)


def resident():
    """Bytes of memory that this process has now."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    unittest.main()
