"""Names of metrics."""

# What other libraries call the metrics. Annoy's own class knows no other names than Annoy. Faiss, hnswlib and usearch mean the
# squared distance by l2; here it is never squared.
ALIASES = {
    "l2": "euclidean",
    "l1": "manhattan",
    "cityblock": "manhattan",
    "ip": "dot",
    "inner_product": "dot",
    "cos": "cosine",
}
