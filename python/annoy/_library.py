"""The extension, which is told here where the library is. What uses it imports it from here."""

import os

from . import _core as core
from ._clash import warn_of_clash

FOLDER = os.path.dirname(os.path.abspath(__file__))

core.set_library(os.path.join(FOLDER, "_libannoy.dll" if os.name == "nt" else "_libannoy.so"))
warn_of_clash(FOLDER)
