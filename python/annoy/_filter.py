"""What the answers of a search are to be among."""

from ._arrays import ids_buffer, numpy_or_none, shown
from ._library import core as _core

_IDS, _MASK, _ROARING32, _ROARING64, _FUNCTION = range(5)


class Filter(_core.Filter):
    """Ids that a search may answer with, made ready once for many searches.

    Filter(allowed) takes ids (a list, set, range, array of integers), a mask (an array of bools, one for each id from 0 on), a
    roaring bitmap (pyroaring's BitMap or BitMap64), or a function that tells of an id whether it is allowed. filter= of a
    search takes the same, and makes a Filter of it each time.

    A function is asked for every candidate, under Python's lock: it is slow, and must not change the index.
    """

    __slots__ = ()
    __module__ = "annoy"

    def __new__(cls, allowed):
        if isinstance(allowed, Filter):
            return allowed
        return super().__new__(cls, *_form(allowed))


def _form(allowed):
    serialize = getattr(allowed, "serialize", None)
    if callable(serialize):
        return (_ROARING64 if "64" in type(allowed).__name__ else _ROARING32), bytes(serialize())
    numpy = numpy_or_none()
    if numpy is not None and hasattr(allowed, "__array__"):  # a tensor or a Series too
        allowed = numpy.asarray(shown(allowed))
    if numpy is not None and isinstance(allowed, numpy.ndarray) and allowed.dtype == bool:
        if allowed.ndim != 1:
            raise ValueError(f"a mask of {allowed.ndim} dimensions, want one")
        return _MASK, allowed.tobytes()
    if callable(allowed):
        return _FUNCTION, allowed
    if isinstance(allowed, (str, bytes, bytearray)) or not hasattr(allowed, "__iter__"):
        raise TypeError(f"a filter is ids, a mask of bools, a Filter, a roaring bitmap or a function of an id, not {type(allowed).__name__}")
    flags = bool if numpy is None else (bool, numpy.bool_)
    if isinstance(allowed, (list, tuple)) and allowed and all(isinstance(x, flags) for x in allowed):
        return _MASK, bytes(map(bool, allowed))
    return _IDS, bytes(ids_buffer(allowed))


_core.set_filter_maker(Filter)
