"""Where Annoy's module has its class.

This is a folder because Python looks for one before it looks for a file: if Spotify's annoy is installed over annoy-go, its
annoy/__init__.py imports this, and not the extension annoylib that came with it, and the clash is told.
"""

from .._index import Annoy

__all__ = ["Annoy"]
