"""A slow reader of .ann files in float64, written from the format's description and not from either library.

It answers one question: did two margins come so close in a search that float32 may order them either way? Only then
may the two libraries inspect different candidates for the same search_k.
"""

import heapq

import numpy as np

TIE = 1e-5


def node_type(metric, dim):
    """The fields of a node."""
    head = [("n", "<i4")]
    if metric in ("euclidean", "manhattan"):
        head += [("a", "<f4")]
    head += [("children", "<i4", 2)]
    if metric == "dot":
        return np.dtype(head + [("factor", "<f4"), ("v", "<f4", dim)])
    if metric == "hamming":
        return np.dtype(head + [("pad", "<i4"), ("v", "<u8", -(-dim // 64))])
    return np.dtype(head + [("v", "<f4", dim)])


def leaf_capacity(metric, dim):
    """How many ids fit a leaf."""
    t = node_type(metric, dim)
    return (t.itemsize - t.fields["children"][1]) // 4  # ids lie over the children and all that follows


class Reference:
    def __init__(self, path, metric, dim):
        self.metric = metric
        self.capacity = leaf_capacity(metric, dim)
        self.nodes = np.fromfile(path, dtype=node_type(metric, dim))
        self.roots = self.find_roots()
        self.n_items = int(self.nodes[self.roots[0]]["n"])

    def find_roots(self):
        roots = []
        for i in range(len(self.nodes) - 1, -1, -1):
            if self.nodes[i]["n"] != self.nodes[-1]["n"]:
                break
            roots.append(i)
        if len(roots) > 1 and self.nodes[roots[0]]["children"][0] == self.nodes[roots[-1]]["children"][0]:
            roots.pop()
        return roots

    def margin(self, node, query):
        n = self.nodes[node]
        m = float(n["v"].astype(np.float64) @ query)
        if self.metric in ("euclidean", "manhattan"):
            m += float(n["a"])
        elif self.metric == "dot":
            m += float(n["factor"]) ** 2
        return m

    def margins_tie(self, query, search_k):
        """Whether a search for query meets two priorities within TIE of each other that are not one margin twice.

        Never for hamming, whose margins are integers.
        """
        if self.metric == "hamming":
            return False
        query = np.asarray(query, dtype=np.float64)
        tie = TIE * max(1.0, float(np.linalg.norm(query)))
        # Largest priority first; of equal ones the larger node.
        heap = [(-np.inf, -r) for r in self.roots]
        heapq.heapify(heap)
        collected, tied = 0, False
        while heap and collected < search_k:
            priority, node = heapq.heappop(heap)
            if heap and 0 < heap[0][0] - priority <= tie:
                tied = True
            node = -node
            n = int(self.nodes[node]["n"])
            if node < self.n_items:
                collected += n == 1
            elif n <= self.capacity:
                collected += n
            else:
                m = self.margin(node, query)
                tied |= abs(m) <= tie
                left, right = self.nodes[node]["children"]
                heapq.heappush(heap, (max(priority, m), -int(left)))
                heapq.heappush(heap, (max(priority, -m), -int(right)))
        return tied
