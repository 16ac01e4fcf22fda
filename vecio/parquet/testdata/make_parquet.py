"""Writes the Parquet files of this folder with pyarrow: python3 make_parquet.py [FOLDER]

vec has rows r = 0…4 of 3 components c = 0…2, (r − 1)·(c + 0.5)/4; id is
100 − 10·r, or the strings below; text is beside them.
"""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
r, c = np.mgrid[0:5, 0:3]
rows = ((r - 1) * (c + 0.5) / 4).tolist()
ids = [100 - 10 * i for i in range(5)]
text = [f"row {i}" for i in range(5)]


def write(name, vectors=rows, type=pa.list_(pa.float32()), ids=pa.array(ids, pa.int64()), more={}, **options):
    columns = {"text": pa.array(text[: len(vectors)]), "id": ids[: len(vectors)], "vec": pa.array(vectors, type), **more}
    pq.write_table(pa.table(columns), os.path.join(folder, name + ".parquet"), **options)


write("list_float")
write("list_double", type=pa.list_(pa.float64()))
write("large_list", type=pa.large_list(pa.float32()))
write("fixed_list", type=pa.list_(pa.float32(), 3))
write("required", type=pa.list_(pa.field("element", pa.float32(), nullable=False)))
for codec in "none", "snappy", "gzip", "zstd", "brotli", "lz4":
    write(codec, compression=codec)
write("groups", row_group_size=2)
write("pages", data_page_size=1, write_batch_size=1, use_dictionary=False)
write("page_v2", data_page_version="2.0", row_group_size=3)
write("plain", use_dictionary=False)
write("split", use_dictionary=False, column_encoding={"vec.list.element": "BYTE_STREAM_SPLIT"})
write("int32_id", ids=pa.array(ids, pa.int32()))
keys = ["doc-a", "größe", "7", "a\tb", "x" * 300]
write("string_id", ids=pa.array(keys))
write("string_groups", ids=pa.array(keys), row_group_size=2)
write("string_plain", ids=pa.array(keys, pa.large_string()), use_dictionary=False, compression="none")
write("string_pages", ids=pa.array(keys), data_page_size=1, write_batch_size=1, data_page_version="2.0", use_dictionary=False)
write("string_categories", ids=pa.array(keys).dictionary_encode(), compression="zstd")
write("two_lists", more={"other": pa.array(rows, pa.list_(pa.float32()))})
write("no_rows", vectors=[])

write("bad_null_row", vectors=rows[:2] + [None] + rows[3:])
write("bad_null_fixed", vectors=rows[:2] + [None] + rows[3:], type=pa.list_(pa.float32(), 3))
write("bad_null_component", vectors=rows[:2] + [[1, None, 3]] + rows[3:])
write("bad_null_first", vectors=[[None, 2, 3]] + rows[1:])
write("bad_empty_row", vectors=rows[:3] + [[], rows[4]])
write("bad_short", vectors=rows[:4] + [[1, 2]])
write("bad_long", vectors=rows[:1] + [[1, 2, 3, 4]] + rows[2:])
write("bad_nan", vectors=rows[:3] + [[1, float("nan"), 3]] + rows[4:])
write("bad_inf", vectors=rows[:4] + [[1, 2, float("-inf")]], type=pa.list_(pa.float64()))
write("bad_overflow", vectors=rows[:4] + [[1e39, 2, 3]], type=pa.list_(pa.float64()))
write("bad_null_id", ids=pa.array([1, 2, None, 4, 5], pa.int64()))
write("bad_negative_id", ids=pa.array([1, 2, 3, -4, 5], pa.int64()))
write("bad_null_key", ids=pa.array(keys[:2] + [None] + keys[3:]))
write("bad_empty_key", ids=pa.array(keys[:4] + [""]))
write("bad_float_id", ids=pa.array([0.5, 1, 2, 3, 4]))
write("bad_time_id", ids=pa.array([0, 1, 2, 3, 4], pa.timestamp("us")))
write("bad_two_ids", more={"ID": pa.array(ids)})
write("bad_list_of_int", type=pa.list_(pa.int32()), vectors=[[1, 2, 3]] * 5)
write("bad_nested", type=pa.list_(pa.list_(pa.float32())), vectors=[[[1.0, 2.0]]] * 5)
