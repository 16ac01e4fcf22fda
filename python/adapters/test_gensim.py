"""Gensim's AnnoyIndexer, from PyPI, unchanged: it imports `annoy`, which here is annoy-go.

The same tests pass with Annoy 1.17.3 in its place.
"""

import os
import tempfile
import unittest

import numpy as np
from gensim.models import KeyedVectors, Word2Vec
from gensim.similarities.annoy import AnnoyIndexer


class Gensim(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        self.words = KeyedVectors(30)
        self.words.add_vectors([f"word{i}" for i in range(300)], rng.normal(size=(300, 30)).astype(np.float32))

    def check(self, indexer):
        self.assertEqual(indexer.num_trees, 100)
        for word in ("word0", "word17", "word299"):
            exact = self.words.most_similar(word, topn=5)
            found = self.words.most_similar(word, topn=5, indexer=indexer)
            # Unlike gensim's own search, the indexer's finds the word itself first.
            exact = [(word, 1.0)] + exact[:4]
            self.assertEqual([w for w, _ in found], [w for w, _ in exact])
            np.testing.assert_allclose([s for _, s in found], [s for _, s in exact], atol=1e-5)

    def test_as_exact_search(self):
        self.check(AnnoyIndexer(self.words, 100))

    def test_save_and_load(self):
        indexer = AnnoyIndexer(self.words, 100)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "words.index")
            indexer.save(path)
            loaded = AnnoyIndexer()
            loaded.load(path)
            loaded.model = self.words
            self.check(loaded)
        # The file is gone and the mapping is not.
        self.check(loaded)

    def test_load_of_nothing(self):
        with self.assertRaises(IOError):
            AnnoyIndexer().load("nothing.index")

    def test_trained_model(self):
        sentences = [["cat", "meow", "say"], ["dog", "woof", "say"]] * 50
        model = Word2Vec(sentences, vector_size=20, min_count=1, seed=1, workers=1)
        indexer = AnnoyIndexer(model, 20)
        found = model.wv.most_similar("cat", topn=3, indexer=indexer)
        self.assertEqual(found[0][0], "cat")
        self.assertAlmostEqual(found[0][1], 1, places=5)
        self.assertTrue({word for word, _ in found} < {"cat", "meow", "say", "dog", "woof"})


if __name__ == "__main__":
    unittest.main()
