"""Builds a wheel of ./python and names it by what it needs: python/packaging/wheel.py FOLDER.

On Linux the tag says the oldest C library that it works with, as far as its symbols tell (PEP 600): manylinux_2_34_x86_64 for
one that needs GLIBC_2.34. If it links what not every system has, the tag is linux_x86_64, for this system only.
Needs pip, setuptools and wheel in the environment, and binutils.
"""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

PYTHON = pathlib.Path(__file__).resolve().parent.parent
# What PEP 600 lets a wheel link, of what this one could.
EVERYWHERE = re.compile(r"lib(c|m|dl|rt|pthread)\.so\.\d+|ld-linux.*\.so\.\d+")
# The oldest that the manylinux tags know of.
OLDEST = (2, 17)


def needs(library):
    """The versions of glibc that a library's symbols are of, and the libraries that it links."""
    text = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
    versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_(\d+\.\d+)", text)}
    return versions, set(re.findall(r"NEEDED\s+(\S+)", text))


def platform_tag(wheel):
    """The platform of a wheel as it should be called, and why."""
    machine = platform.machine()
    versions, linked = {OLDEST}, set()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as z:
        for name in z.namelist():
            if name.endswith(".so"):
                v, l = needs(z.extract(name, folder))
                versions |= v
                linked |= l
    foreign = sorted(name for name in linked if not EVERYWHERE.fullmatch(name))
    if foreign or "libc.so.6" not in linked:
        return f"linux_{machine}", f"it links {', '.join(foreign) or 'no glibc'}"
    newest = ".".join(map(str, max(versions)))
    return f"manylinux_{newest.replace('.', '_')}_{machine}", f"its symbols are of glibc {newest} or older"


SMOKE = """
import annoy
index = annoy.AnnoyIndex(3, "angular")
index.add_items(None, [[1, 2, 3], [3, 2, 1], [1, 2, 4]])
index.build(2)
assert index.get_nns_by_item(0, 2) == [0, 2]
"""


def try_it(wheel):
    """Installs a wheel in a folder of its own, and searches."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wheel], check=True)
        subprocess.run([sys.executable, "-B", "-c", SMOKE], check=True, env={**os.environ, "PYTHONPATH": folder}, cwd=folder)


def main():
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, PYTHON], check=True
        )
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        why = "named by the system"
        if sys.platform.startswith("linux"):
            tag, why = platform_tag(wheel)
            subprocess.run([sys.executable, "-m", "wheel", "tags", "--remove", "--platform-tag", tag, wheel], check=True, stdout=subprocess.DEVNULL)
            (wheel,) = pathlib.Path(folder).glob("*.whl")
        try_it(wheel)
        shutil.move(wheel, target / wheel.name)  # perhaps to another file system
    print(f"{target / wheel.name}: {(target / wheel.name).stat().st_size / 1e6:.1f} MB, {why}")


if __name__ == "__main__":
    main()
