"""Groups near-duplicate product listings into clusters from matched pairs."""
import csv
from collections import defaultdict


class Clusters:
    def __init__(self, ids):
        self.label = {i: i for i in ids}

    def find(self, a):
        return self.label[a]

    def merge(self, a, b):
        keep, drop = self.label[a], self.label[b]
        if keep == drop:
            return
        for item, label in self.label.items():  # <- cost hot 44
            if label == drop:  # <- cost hot 45
                self.label[item] = keep

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
