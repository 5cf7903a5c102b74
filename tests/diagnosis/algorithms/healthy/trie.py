"""Prefix completion of street names for the address form."""


class TrieNode:
    __slots__ = ("children", "weight", "word", "best")

    def __init__(self):
        self.children = {}
        self.weight = 0
        self.word = None
        self.best = 0


class Completer:
    def __init__(self):
        self.root = TrieNode()

    def add(self, word, weight):
        node = self.root
        node.best = max(node.best, weight)
        for ch in word.lower():  # <- hot 15
            child = node.children.get(ch)  # <- hot 27
            if child is None:
                child = node.children[ch] = TrieNode()  # <- hot 30
            node = child
            if weight > node.best:
                node.best = weight  # <- hot 6
        node.word, node.weight = word, weight

    def descend(self, prefix):
        node = self.root
        for ch in prefix.lower():
            node = node.children.get(ch)
            if node is None:
                return None
        return node

    def walk(self, node):
        stack = [node]
        while stack:
            current = stack.pop()
            if current.word is not None:
                yield current.weight, current.word
            ranked = sorted(current.children.values(), key=lambda c: c.best)
            stack.extend(ranked)

    def complete(self, prefix, limit=8):
        node = self.descend(prefix)
        if node is None:
            return []
        found = []
        for weight, word in self.walk(node):
            found.append((weight, word))
            if len(found) >= limit * 4:
                break
        found.sort(reverse=True)
        return [w for _, w in found[:limit]]


def load(path):
    completer = Completer()
    with open(path) as fh:
        for line in fh:
            name, _, homes = line.rstrip().rpartition("\t")
            completer.add(name, int(homes))
    return completer
