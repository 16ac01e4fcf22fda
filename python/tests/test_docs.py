"""The examples of docs/python.md and of the README do what is printed below them."""

import doctest
import os
import pathlib
import re
import tempfile
import unittest

import annoy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(page, language):
    """The page's blocks of a language, each with the number of its first line."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start(2)) + 1, m[2]) for m in FENCE.finditer(text) if m[1] == language]


@unittest.skipUnless(hasattr(annoy, "Canopy"), "the pages are about annoy-go")
class Docs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def test_reference(self):
        """One program, whose variables go on from block to block."""
        page, names, count = "docs/python.md", {"__name__": "docs"}, 0
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        for line, block in blocks(page, "pycon"):
            test = doctest.DocTestParser().get_doctest(block, names, page, page, line - 1)
            output = []
            runner.run(test, out=output.append, clear_globs=False)
            names = test.globs
            count += len(test.examples)
            self.assertEqual(runner.summarize(verbose=False).failed, 0, "".join(output))
        self.assertGreater(count, 50)

    def test_readme(self):
        found = blocks("README.md", "python")
        self.assertTrue(found)
        for line, block in found:
            with self.subTest(line=line):
                exec(compile(block, f"README.md, from line {line}", "exec"), {"__name__": "readme"})


if __name__ == "__main__":
    unittest.main()
