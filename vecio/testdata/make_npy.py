"""Writes the npy files of this folder with NumPy: python3 make_npy.py

The good ones hold rows r = 0…2 of 5 components c = 0…4:
floats (r − 1)·(c + 0.5)/4, uint8 50·r + 7·c, int8 50·(r − 1) + 7·c − 14,
int32 and int64 500000000·(r − 1) + c.
"""

import numpy as np

r, c = np.mgrid[0:3, 0:5]
floats = (r - 1) * (c + 0.5) / 4
arrays = {
    "f2": floats.astype("<f2"),
    "f4": floats.astype("<f4"),
    "f8": floats.astype("<f8"),
    "u1": (50 * r + 7 * c).astype("u1"),
    "i1": (50 * (r - 1) + 7 * c - 14).astype("i1"),
    "i4": (500000000 * (r - 1) + c).astype("<i4"),
    "i8": (500000000 * (r - 1) + c).astype("<i8"),
}
for name, a in arrays.items():
    for version in (1, 2, 3):
        with open(f"{name}_v{version}.npy", "wb") as f:
            np.lib.format.write_array(f, a, version=(version, 0))

# npz keeps the time of writing; these are the arrays of f4 and u1.
np.savez("stored.npz", arrays["f4"])
np.savez_compressed("deflated.npz", emb=arrays["f4"])
np.savez("two.npz", emb=arrays["f4"], **{"labels of rows": arrays["u1"]})

np.save("rows0.npy", np.zeros((0, 5), "<f4"))
bad = {
    "bigendian": floats.astype(">f4"),
    "fortran": np.asfortranarray(floats.astype("<f4")),
    "uint32": r.astype("<u4"),
    "bool": r > 1,
    "complex": floats.astype("<c8"),
    "unicode": np.array([["a", "b"]]),
    "structured": np.zeros((2, 2), [("x", "<f4"), ("y", "<f4")]),
    "rank0": np.float32(1),
    "rank1": np.zeros(4, "<f4"),
    "rank3": np.zeros((2, 2, 2), "<f4"),
}
for name, a in bad.items():
    np.save(f"bad_{name}.npy", a)
np.save("bad_object.npy", np.array([[{}, None]], dtype=object), allow_pickle=True)
