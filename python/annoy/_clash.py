"""The distributions annoy, which is Spotify's, and annoy-go both bring a module of the name annoy."""

import os
import warnings


def foreign(package):
    """What of Spotify's annoy lies in or beside the folder of this package; None where there is nothing."""
    for folder, ours in ((package, False), (os.path.dirname(package), True)):
        try:
            names = os.listdir(folder)
        except OSError:  # in an archive
            continue
        for name in names:
            if ours and name.startswith("annoy-") and name.endswith((".dist-info", ".egg-info", ".egg")):
                return os.path.join(folder, name)
            if not ours and name.startswith("annoylib.") and name.endswith((".so", ".pyd")):
                return os.path.join(folder, name)
    return None


def warn_of_clash(package):
    found = foreign(package)
    if found:
        warnings.warn(
            "the distributions annoy (Spotify's) and annoy-go are both installed here, and each has overwritten files of the "
            f"other: found {found}. This is annoy-go's class. Keep one: pip uninstall annoy annoy-go, then pip install annoy-go",
            UserWarning,
            stacklevel=5,
        )
