"""Arrays in and out: numpy's where it is there, the standard library's where not."""

import sys
from array import array
from operator import index


def numpy_or_none():
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def unpicklable(index):
    """What copying or pickling an index that is only in memory raises: the class is that of all objects which cannot be."""
    return TypeError(
        f"cannot pickle 'annoy.{type(index).__name__}' object: an index is pickled as the path of its file, and this one has none: "
        "save() it first, or pickle to_bytes()"
    )


def shown(array):
    """An array as it is. One of numpy.ma with hidden values is refused: they would be taken as if they were shown."""
    ma = sys.modules.get("numpy.ma")
    if ma is not None and ma.is_masked(array):
        raise ValueError("the array is masked, and has hidden values")
    return array


def ids_buffer(ids):
    """Ids as a contiguous buffer of int64. Floats are refused, since they would be cut."""
    numpy = numpy_or_none()
    if numpy is None or isinstance(ids, array):
        return ids if isinstance(ids, array) and ids.typecode == "q" else array("q", ids)
    if isinstance(ids, (range, numpy.ndarray)) or hasattr(ids, "__array__"):
        ids = numpy.asarray(shown(ids))
    else:
        ids = numpy.asarray(list(ids))
        if ids.size == 0:
            ids = ids.astype(numpy.int64)
    if ids.ndim != 1:
        raise ValueError(f"ids have {ids.ndim} dimensions, want one")
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids are of the type {ids.dtype}, want integers")
    if ids.dtype == numpy.uint64 and ids.size and ids.max() > numpy.iinfo(numpy.int64).max:
        raise OverflowError("an id does not fit 64 bits with a sign")
    return numpy.ascontiguousarray(ids, dtype=numpy.int64)


def matrix_of(rows):
    """Rows that are not a buffer themselves but can become an array, such as a DataFrame or a tensor."""
    if hasattr(rows, "__array__") and not hasattr(rows, "__array_interface__"):
        numpy = numpy_or_none()
        if numpy is not None:
            rows = numpy.asarray(rows)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(rows, numpy.matrix):
        rows = numpy.asarray(rows)  # a row of a matrix is a matrix
    dimensions = getattr(rows, "ndim", 2)
    # An array of objects may be one of rows, and one without numbers is no rows.
    if dimensions != 2 and getattr(getattr(rows, "dtype", None), "kind", "O") != "O" and rows.size > 0:
        raise ValueError(f"vectors have {dimensions} dimension{'s'[:dimensions != 1]}, want two: a row for each vector")
    return rows


def bytes_of(data):
    """The bytes of a buffer. Not bytes(data), which of a number makes so many zeros."""
    return data if type(data) is bytes else bytes(memoryview(data))


def results(count, n):
    """Room for the ids and distances of count queries, n each."""
    numpy = numpy_or_none()
    if numpy is not None:
        return numpy.empty((count, n), dtype=numpy.int64), numpy.empty((count, n), dtype=numpy.float32)
    ids, distances = bytearray(count * n * 8), bytearray(count * n * 4)
    if count * n == 0:  # a memoryview cannot have such a shape
        return memoryview(ids).cast("q"), memoryview(distances).cast("f")
    return memoryview(ids).cast("q", (count, n)), memoryview(distances).cast("f", (count, n))


def whole(name, value, least, most):
    """An integer of any type, numpy's too, as Python's."""
    value = index(value)
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, want {least} to {most}")
    return value


def check_jobs(n_jobs):
    n_jobs = index(n_jobs)
    if n_jobs != -1 and n_jobs < 1:
        raise ValueError(f"n_jobs is {n_jobs}, want 1 or more, or -1 for one a processor")
    return n_jobs
