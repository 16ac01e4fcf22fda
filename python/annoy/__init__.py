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

from . import annoylib
from ._canopy import Canopy
from ._filter import Filter
from ._index import Annoy, AnnoyIndex
from ._version import __version__

__all__ = ["Annoy", "AnnoyIndex", "Canopy", "Filter", "__version__", "annoylib"]


def __getattr__(name):
    # Scikit-learn takes its time to import, and need not be there.
    if name == "KNeighborsTransformer":
        from ._transformer import KNeighborsTransformer

        return KNeighborsTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
