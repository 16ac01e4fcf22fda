"""LangChain's vector store Annoy, from PyPI, unchanged: it imports `annoy`, which here is annoy-go.

The same tests pass with Annoy 1.17.3 in its place.
"""

import random
import tempfile
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of packages beneath it
    from langchain_community.vectorstores import Annoy
from langchain_core.embeddings import Embeddings

WORDS = "apple pear plum cherry hammer saw drill pliers violin cello flute drum".split()
KINDS = {word: i // 4 for i, word in enumerate(WORDS)}


class Kinds(Embeddings):
    """Words of one kind are near each other: four fruits, four tools, four instruments."""

    def embed_query(self, text):
        noise = random.Random(text)
        return [float(KINDS[text] == kind) + noise.uniform(-0.1, 0.1) for kind in range(3) for _ in range(8)]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


class LangChain(unittest.TestCase):
    def store(self, **options):
        return Annoy.from_texts(WORDS, Kinds(), metadatas=[{"kind": KINDS[w]} for w in WORDS], **options)

    def check(self, store, metric):
        for word in WORDS:
            found = store.similarity_search_with_score(word, k=4)
            self.assertEqual({document.metadata["kind"] for document, _ in found}, {KINDS[word]})
            scores = [score for _, score in found]
            self.assertEqual(scores, sorted(scores, reverse=metric == "dot"))
            if metric != "dot":
                self.assertEqual(found[0][0].page_content, word)
                self.assertLess(scores[0], 1e-3)
        by_index = store.similarity_search_by_index(5, k=4)
        self.assertEqual({document.page_content for document in by_index}, set(WORDS[4:8]))
        diverse = store.max_marginal_relevance_search("plum", k=3, fetch_k=12, lambda_mult=0.1)
        self.assertEqual({document.metadata["kind"] for document in diverse}, {0, 1, 2})

    def test_all_metrics(self):
        for metric in ("angular", "euclidean", "manhattan", "dot"):
            self.check(self.store(metric=metric, trees=10, n_jobs=1), metric)

    def test_save_and_load(self):
        store = self.store()
        with tempfile.TemporaryDirectory() as folder:
            store.save_local(folder)
            loaded = Annoy.load_local(folder, Kinds(), allow_dangerous_deserialization=True)
            self.check(loaded, "angular")
            # What was saved goes on answering.
            self.check(store, "angular")

    def test_from_embeddings(self):
        pairs = list(zip(WORDS, Kinds().embed_documents(WORDS)))
        store = Annoy.from_embeddings(pairs, Kinds())
        found = store.similarity_search_by_vector(Kinds().embed_query("saw"), k=1)
        self.assertEqual([document.page_content for document in found], ["saw"])

    def test_retriever(self):
        retriever = self.store().as_retriever(search_kwargs={"k": 4})
        self.assertEqual({d.page_content for d in retriever.invoke("flute")}, set(WORDS[8:]))

    def test_unknown_metric(self):
        with self.assertRaisesRegex(ValueError, "Unsupported distance metric"):
            self.store(metric="banana")


if __name__ == "__main__":
    unittest.main()
