"""Saving, loading and unloading, as Annoy 1.17.3 does it."""

import os
import pathlib
import stat
import traceback
import unittest
import warnings

import annoy
from annoy import AnnoyIndex

from annoy_case import METRICS, OURS, AnnoyCase, index_of, mended, vectors

MULTIPLE = "Index size is not a multiple of vector size"


def load(path, f=5, metric="euclidean"):
    index = AnnoyIndex(f, metric)
    index.load(path)
    return index


class SaveAndLoad(AnnoyCase):
    def test_all_metrics(self):
        for metric in METRICS:
            rows = vectors(300, 20, metric=metric)
            index = index_of(rows, metric)
            before = [index.get_nns_by_item(i, 10, include_distances=True) for i in range(50)]
            self.assertIs(index.save("x.ann"), True)
            self.assertEqual((index.get_n_items(), index.get_n_trees()), (300, 10))
            for other in (index, load("x.ann", 20, metric)):
                self.assertEqual([other.get_nns_by_item(i, 10, include_distances=True) for i in range(50)], before)
                self.assertEqual([other.get_item_vector(i) for i in range(300)], rows)

    def test_any_name(self):
        index = index_of(vectors(50, 5))
        for name in ("x", "x.tree", "x.idx", "x.annoy", "name with spaces.ann", "Ünïcode.ann"):
            index.save(name)
            self.assertEqual(load(name).get_n_items(), 50)

    def test_what_is_beside_it_stays(self):
        # Annoy writes one file. Ours has a second one, which takes the place of nothing but its like.
        index = index_of(vectors(50, 5))
        pathlib.Path("x.ann.meta").write_text("notes")
        os.mkdir("y.ann.meta")
        for name in ("x.ann", "y.ann", "n" * 251 + ".ann", "n" * 252, "n" * 255):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.assertIs(index.save(name), True)
                self.assertEqual(load(name).get_n_items(), 50)
        self.assertEqual(pathlib.Path("x.ann.meta").read_text(), "notes")
        self.assertEqual(os.listdir("y.ann.meta"), [])

    @unittest.skipUnless(hasattr(os, "mknod") and os.geteuid() == 0, "only root makes devices")
    def test_device(self):
        os.mknod("null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        with self.assertRaisesRegex(OSError, "^Size of file is zero"):
            load("null")

    @unittest.skipUnless(hasattr(os, "fork"), "users are changed in a fork")
    def test_file_in_a_locked_folder(self):
        """Who may write the file and not the folder gets what Annoy gives: the file's new content."""
        os.makedirs("locked/folder")
        names = {"euclidean.ann": index_of(vectors(60, 5))}
        if OURS:
            names["small.canopy"] = annoy.Canopy(5, "euclidean")
            names["small.canopy"].add_items(None, vectors(60, 5))
            names["small.canopy"].build()
        for name, index in names.items():
            path = pathlib.Path("locked/folder", name)
            path.write_bytes(b"old" * 10000)
            path.chmod(0o666)
            if OURS:
                names[name] = index.to_bytes()
        os.chmod(os.getcwd(), 0o755)
        os.chmod("locked/folder", 0o555)
        self.addCleanup(os.chmod, os.path.abspath("locked/folder"), 0o755)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                for name, index in names.items():
                    if OURS:  # what is only in memory is another test's matter
                        index = annoy.Canopy.from_bytes(index) if name.endswith("canopy") else AnnoyIndex.from_bytes(index, 5, "euclidean")
                    with warnings.catch_warnings(record=True) as told:
                        warnings.simplefilter("always")
                        index.save("locked/folder/" + name)
                    if OURS and "overwritten in place" not in str(told[0].message):
                        raise AssertionError([str(w.message) for w in told])
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(load("locked/folder/euclidean.ann").get_n_items(), 60)
        if OURS:
            self.assertEqual(len(annoy.Canopy.open("locked/folder/small.canopy")), 60)
        self.assertEqual(sorted(os.listdir("locked/folder")), sorted(names))

    def test_save_of_a_loaded_index_is_a_copy(self):
        index_of(vectors(50, 5)).save("a.ann")
        loaded = load("a.ann")
        self.assertIs(loaded.save("b.ann"), True)
        self.assertEqual(pathlib.Path("a.ann").read_bytes(), pathlib.Path("b.ann").read_bytes())
        # The name that it is loaded from is as good as any other.
        self.assertIs(loaded.save("b.ann"), True)
        self.assertEqual(pathlib.Path("a.ann").read_bytes(), pathlib.Path("b.ann").read_bytes())
        self.assertEqual(loaded.get_nns_by_item(3, 1), [3])

    def test_save_twice(self):
        index = index_of(vectors(50, 5))
        index.save("a.ann")
        index.save("b.ann")
        self.assertEqual(pathlib.Path("a.ann").read_bytes(), pathlib.Path("b.ann").read_bytes())

    def test_load_again(self):
        index_of(vectors(50, 5)).save("a.ann")
        index_of(vectors(70, 5)).save("b.ann")
        index = load("a.ann")
        self.assertEqual(index.get_n_items(), 50)
        self.assertIs(index.load("b.ann"), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (70, 10))
        self.assertIs(index.load("b.ann"), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (70, 10))

    def test_load_replaces_items_and_trees(self):
        index_of(vectors(50, 5)).save("a.ann")
        for trees in (None, 3):
            index = index_of(vectors(7, 5), trees=trees)
            index.load("a.ann")
            self.assertEqual((index.get_n_items(), index.get_n_trees()), (50, 10))

    def test_prefault(self):
        index = index_of(vectors(50, 5))
        index.save("a.ann", prefault=True)
        for prefault in (True, False, 1, 0):
            other = AnnoyIndex(5, "euclidean")
            self.assertIs(other.load("a.ann", prefault), True)
            self.assertEqual(other.get_nns_by_item(3, 5), index.get_nns_by_item(3, 5))

    def test_a_file_that_is_loaded_can_be_replaced(self):
        index_of(vectors(500, 5)).save("a.ann")
        old = load("a.ann")
        want = old.get_nns_by_item(3, 20, include_distances=True)
        index_of(vectors(200, 5, seed=2)).save("a.ann")
        self.assertEqual(old.get_nns_by_item(3, 20, include_distances=True), want)
        self.assertEqual(old.get_n_items(), 500)
        self.assertEqual(load("a.ann").get_n_items(), 200)

    def test_a_file_that_is_loaded_can_be_removed(self):
        index_of(vectors(50, 5)).save("a.ann")
        index = load("a.ann")
        os.remove("a.ann")
        self.assertEqual(index.get_nns_by_item(3, 1), [3])


class Unload(AnnoyCase):
    def test_unload(self):
        index_of(vectors(50, 5)).save("a.ann")
        index = load("a.ann")
        self.assertIs(index.unload(), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (0, 0))
        self.assertEqual(index.get_nns_by_vector([0] * 5, 3), [])
        with self.raises(IndexError, "Item index larger than the largest item index"):
            index.get_item_vector(0)
        self.assertIs(index.load("a.ann"), True)
        self.assertEqual(index.get_n_items(), 50)

    def test_unload_of_what_is_not_loaded(self):
        index = AnnoyIndex(5, "euclidean")
        self.assertIs(index.unload(), True)
        self.assertIs(index.unload(), True)
        index = index_of(vectors(10, 5), trees=None)
        self.assertIs(index.unload(), True)
        self.assertEqual(index.get_n_items(), 0)

    @mended("the index stays “built”, and a build is an error for ever")
    def test_an_unloaded_index_is_a_new_one(self):
        index = index_of(vectors(50, 5))
        index.save("a.ann")
        index.unload()
        index.add_item(0, [1, 2, 3, 4, 5])
        self.assertIs(index.build(2), True)
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (1, 2))


class Mistakes(AnnoyCase):
    def test_save_before_build(self):
        for index in (AnnoyIndex(5, "euclidean"), index_of(vectors(10, 5), trees=None)):
            with self.raises(OSError, "You can't save an index that hasn't been built"):
                index.save("x.ann")
            self.assertFalse(os.path.exists("x.ann"))

    def test_save_to_impossible_places(self):
        index = index_of(vectors(50, 5))
        os.mkdir("folder")
        for path, message in (
            ("no/such/folder.ann", "Unable to open: No such file or directory (2)"),
            ("", "Unable to open: No such file or directory (2)"),
            ("folder", "Unable to open: Is a directory (21)"),
        ):
            with self.raises(OSError, message):
                index.save(path)
        # It is as it was.
        self.assertEqual((index.get_n_items(), index.get_n_trees()), (50, 10))
        self.assertEqual(index.get_nns_by_item(3, 1), [3])
        self.assertIs(index.save("x.ann"), True)

    def test_load_what_is_not_there(self):
        for path in ("nothing.ann", "", "no/such/folder.ann"):
            with self.raises(OSError, "Unable to open: No such file or directory (2)"):
                AnnoyIndex(5, "euclidean").load(path)

    def test_load_what_is_no_index(self):
        pathlib.Path("empty").write_bytes(b"")
        pathlib.Path("short").write_bytes(b"abc")
        with self.assertRaisesRegex(OSError, "^Size of file is zero"):
            load("empty")
        with self.assertRaisesRegex(OSError, "^" + MULTIPLE):
            load("short")
        with self.assertRaises(OSError):
            load(".")

    def test_load_with_another_dimension(self):
        index_of(vectors(50, 5)).save("x.ann")
        for f in (4, 6, 50):
            # A file of ours describes itself beside it; without that, its size may still tell.
            with self.assertRaises(OSError):
                load("x.ann", f)
        pathlib.Path("x.ann.meta").unlink(missing_ok=True)
        for f in (4, 6, 50):
            with self.assertRaisesRegex(OSError, "^" + MULTIPLE):
                load("x.ann", f)

    @mended("loaded as they are, with 1044539892 items of garbage or a crash")
    def test_load_with_another_metric(self):
        for metric in METRICS:
            index_of(vectors(50, 64, metric=metric), metric).save("x.ann")
            for other in METRICS:
                if other != metric:
                    with self.subTest(file=metric, opened=other), self.assertRaises(OSError):
                        load("x.ann", 64, other)

    @mended("fewer trees, or SIGBUS")
    def test_load_of_a_truncated_file(self):
        index_of(vectors(50, 5)).save("x.ann")
        whole = pathlib.Path("x.ann").read_bytes()
        node = 16 + 4 * 5
        for cut in (node, 7 * node, len(whole) - 20 * node):
            pathlib.Path("x.ann").write_bytes(whole[:-cut])
            with self.assertRaises(OSError):
                load("x.ann")

    @mended("it unlinks the file first, and leaves nothing when the disk is full")
    def test_a_failed_save_leaves_the_old_file(self):
        os.mkdir("folder")
        index_of(vectors(50, 5)).save("folder/x.ann")
        os.chmod("folder", 0o500)
        self.addCleanup(os.chmod, "folder", 0o700)
        if os.geteuid() == 0:
            os.chmod("folder", 0o700)
            os.mkdir("folder/y.ann")
            with self.assertRaises(OSError):
                index_of(vectors(60, 5)).save("folder/y.ann")
        else:
            with self.assertRaises(OSError):
                index_of(vectors(60, 5)).save("folder/x.ann")
        self.assertEqual(load("folder/x.ann").get_n_items(), 50)
        self.assertFalse([name for name in os.listdir("folder") if "tmp" in name])

    def test_a_failed_load_leaves_an_index_that_works(self):
        index_of(vectors(50, 5)).save("x.ann")
        index = AnnoyIndex(5, "euclidean")
        with self.assertRaises(OSError):
            index.load("nothing.ann")
        self.assertIs(index.load("x.ann"), True)
        self.assertEqual(index.get_n_items(), 50)


class Leaks(AnnoyCase):
    def test_load_and_unload(self):
        index_of(vectors(50, 5)).save("x.ann")
        index = AnnoyIndex(5, "euclidean")
        before = descriptors()
        for _ in range(500):
            index.load("x.ann")
            index.unload()
        for _ in range(500):
            load("x.ann")
        self.assertEqual(descriptors(), before)


def descriptors():
    """Open files of this process; 0 where the system does not tell."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@unittest.skipUnless(OURS, "Annoy takes strings only")
class Paths(AnnoyCase):
    def test_paths(self):
        index = index_of(vectors(50, 5))
        self.assertIs(index.save(pathlib.Path("x.ann")), True)
        self.assertIs(index.load(pathlib.Path("x.ann")), True)
        self.assertEqual(load(os.fsencode("x.ann")).get_n_items(), 50)
        disk = AnnoyIndex(5, "euclidean")
        self.assertIs(disk.on_disk_build(pathlib.Path("y.ann")), True)


if __name__ == "__main__":
    unittest.main()
