"""Writes the HDF5 files of this folder with h5py: python3 make_hdf5.py [FOLDER]

Those named ann_* have the form of ann-benchmarks: train has rows r = 0…4 of 3
components c = 0…2, (r − 1)·(c + 0.5)/4; test is its first two rows;
neighbors[r][c] is 10·r + c; distances[r][c] is r + c/8. The integer types hold
10·r + c, int8 that less 20.
"""

import os
import sys

import h5py
import numpy as np

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
r, c = np.mgrid[0:5, 0:3]
floats = (r - 1) * (c + 0.5) / 4
ints = 10 * r + c


def create(name, **options):
    return h5py.File(os.path.join(folder, name), "w", **options)


def ann(name, dtype="<f4", neighbors="<i4", **options):
    with create(name, **options) as f:
        f.attrs["type"] = "dense"
        f.attrs["distance"] = "euclidean"
        f.attrs["dimension"] = 3
        f["train"] = floats.astype(dtype)
        f["test"] = floats[:2].astype(dtype)
        f["neighbors"] = ints[:2].astype(neighbors)
        f["distances"] = (r + c / 8)[:2].astype(dtype)


def raw(f, name, data, layout, space=None):
    """A dataset of a layout that h5py's own methods do not offer."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(layout)
    space = space or h5py.h5s.create_simple(data.shape)
    d = h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(data.dtype), space, dcpl=plist)
    if layout == h5py.h5d.COMPACT or data.size:
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data))


ann("ann_default.hdf5")
ann("ann_latest.hdf5", libver="latest")
ann("ann_v108.hdf5", libver=("v108", "v108"))
ann("ann_ordered.hdf5", track_order=True)
ann("ann_userblock.hdf5", userblock_size=1024)
ann("ann_float64_int64.hdf5", "<f8", "<i8")

with create("types.hdf5") as f:
    for name in ("float16", "float32", "float64"):
        f[name] = floats.astype(name)
    for name in ("uint8", "int32", "int64"):
        f[name] = ints.astype(name)
    f["int8"] = (ints - 20).astype("int8")
    f["line"] = ints[:, 0].astype("int32")
    f["cube"] = np.zeros((2, 2, 2), "float32")
    f["scalar"] = np.float32(1)
    f["empty"] = np.zeros((0, 3), "float32")
    f["hollow"] = np.zeros((3, 0), "float32")
    f["nan"] = np.where((r == 2) & (c == 1), np.nan, floats).astype("float32")
    f["huge"] = np.array([[1, 2], [1 << 40, 3]], "int64")
    raw(f, "compact", floats.astype("float32"), h5py.h5d.COMPACT)

for name, libver in ("refused.hdf5", None), ("refused_latest.hdf5", ("v110", "v110")):
    with create(name, libver=libver) as f:
        f["train"] = floats.astype("<f4")
        f.create_dataset("gzip", data=floats, chunks=(2, 3), compression="gzip", shuffle=True)
        f.create_dataset("grows", data=floats, maxshape=(None, 3))
        f["bool"] = r > 1
        f["bigendian"] = floats.astype(">f4")
        f["unwritten"] = h5py.Empty("f4")
        if libver:
            virtual = h5py.VirtualLayout((5, 3), "f4")
            virtual[:] = h5py.VirtualSource(f["train"])
            f.create_virtual_dataset("virtual", virtual)
            continue
        f["uint16"] = ints.astype("uint16")
        f["bigendian8"] = ints.astype(">i1")
        f["compound"] = np.zeros((2, 2), [("x", "<f4"), ("y", "<f4")])
        f["text"] = np.array([b"ab", b"c"])
        f["words"] = ["ab", "c"]
        f["complex"] = floats.astype("complex64")
        f.create_dataset("late", (5, 3), "float32")
        f["type"] = np.dtype("<f4")
        f.create_dataset("named", (5, 3), f["type"])
        f.create_dataset("outside", (5, 3), "float32", external=[("elsewhere.bin", 0, 60)])

with create("nested.hdf5") as f:
    f["group/train"] = floats.astype("<f4")
    f["deep/er/train"] = floats.astype("<f4")
    f["soft"] = h5py.SoftLink("/group/train")
    f["external"] = h5py.ExternalLink("ann_default.hdf5", "/train")
    f["hard"] = f["group/train"]

# More names than a leaf has room for: a B-tree with leaves, and with nodes.
with create("many.hdf5") as f:
    for i in range(40):
        f[f"d{i:03}"] = np.full((1, 1), i, "int32")
with create("dense.hdf5", libver="latest") as f:
    for i in range(9):
        f[f"d{i}"] = np.full((1, 1), i, "int32")
with create("no_datasets.hdf5") as f:
    f.attrs["distance"] = "angular"

for name, libver in ("attributes.hdf5", None), ("attributes_latest.hdf5", "latest"):
    with create(name, libver=libver) as f:
        f.attrs["variable"] = "angular"
        f.attrs["utf8"] = "größe"
        f.attrs["empty"] = ""
        f.attrs["fixed"] = np.bytes_(b"jaccard")
        f.attrs["one"] = ["hamming"]
        f.attrs["number"] = 7
        f.attrs["two"] = ["a", "b"]
        f["train"] = floats.astype("<f4")
