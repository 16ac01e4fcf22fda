"""What importing annoy does not do: import what need not be there."""

import subprocess
import sys
import textwrap
import unittest

import annoy


class Lazy(unittest.TestCase):
    def run_alone(self, code):
        run = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_import_imports_little(self):
        self.run_alone(
            """
            import sys
            import annoy
            for name in ("numpy", "scipy", "sklearn", "annoy._transformer"):
                assert name not in sys.modules, name
            """
        )

    def test_without_scikit_learn(self):
        self.run_alone(
            """
            import sys
            import annoy
            sys.modules["sklearn"] = sys.modules["joblib"] = None
            try:
                annoy.KNeighborsTransformer
            except ImportError as e:
                assert "needs scikit-learn 1.6" in str(e), e
            else:
                raise AssertionError("no exception")
            """
        )

    def test_names(self):
        self.assertFalse(hasattr(annoy, "banana"))
        # Or import * would want scikit-learn.
        self.assertNotIn("KNeighborsTransformer", annoy.__all__)


if __name__ == "__main__":
    unittest.main()
