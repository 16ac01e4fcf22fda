"""Where Annoy's module has its class."""

from ._index import AnnoyIndex as Annoy

__all__ = ["Annoy"]
