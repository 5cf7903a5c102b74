"""Groups near-duplicate product listings into clusters from matched pairs."""
import csv
from collections import defaultdict


class Clusters:
    def __init__(self, ids):
        self.parent = {i: i for i in ids}
        self.size = dict.fromkeys(self.parent, 1)

    def find(self, a):
        parent = self.parent
        while parent[a] != a:  # <- hot 31
            parent[a] = parent[parent[a]]  # <- hot 20
            a = parent[a]
        return a

    def merge(self, a, b):
        ra, rb = self.find(a), self.find(b)  # <- hot 14
        if ra == rb:
            return
        if self.size[ra] < self.size[rb]:
            ra, rb = rb, ra
        self.parent[rb] = ra
        self.size[ra] += self.size[rb]

    def groups(self, ids):
        out = defaultdict(list)
        for i in ids:
            out[self.find(i)].append(i)
        return [g for g in out.values() if len(g) > 1]


def load_pairs(path, threshold):
    with open(path, newline="") as fh:
        for left, right, score in csv.reader(fh):
            if float(score) >= threshold:
                yield left, right


def dedupe(ids, pair_path, threshold=0.92):
    clusters = Clusters(ids)
    for left, right in load_pairs(pair_path, threshold):
        clusters.merge(left, right)
    return clusters.groups(ids)
