"""Approximate nearest neighbours in an index that is a file: Annoy's class, on the same files, and more.

    from annoy import AnnoyIndex

    index = AnnoyIndex(384, "angular")
    for i, vector in enumerate(vectors):
        index.add_item(i, vector)
    index.build(50)
    index.save("docs.ann")

    index = AnnoyIndex(384, "angular")
    index.load("docs.ann")
    ids, distances = index.get_nns_by_vector(query, 10, include_distances=True)

AnnoyIndex has all that Annoy 1.17.3 has, and add_items, get_nns_by_vectors, filters, to_bytes and others. Canopy is an index
of another kind, faster, with keys and calibrated recall. KNeighborsTransformer is for scikit-learn.
"""

import os as _os

from . import _core
from ._clash import warn_of_clash as _warn_of_clash

_core.set_library(_os.path.join(_os.path.dirname(_os.path.abspath(__file__)), "_libannoy" + (".dll" if _os.name == "nt" else ".so")))

from ._canopy import Canopy  # noqa: E402
from ._filter import Filter  # noqa: E402
from ._index import AnnoyIndex  # noqa: E402

from ._version import __version__  # noqa: E402

Annoy = AnnoyIndex
for _class in (AnnoyIndex, Canopy, Filter):
    _class.__module__ = "annoy"

__all__ = ["Annoy", "AnnoyIndex", "Canopy", "Filter", "__version__"]


def __getattr__(name):
    # Scikit-learn takes its time to import, and need not be there.
    if name == "KNeighborsTransformer":
        from ._transformer import KNeighborsTransformer

        return KNeighborsTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_warn_of_clash(_os.path.dirname(_os.path.abspath(__file__)))
