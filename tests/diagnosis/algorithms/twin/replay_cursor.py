"""Replays a recorded chess match database against the evaluator."""
import gzip
import json
from itertools import islice


class MatchArchive:
    def __init__(self, path):
        self.path = path
        self._count = None

    def records(self):
        with gzip.open(self.path, "rt") as fh:
            for line in fh:  # <- hot 52
                yield json.loads(line)  # <- hot 39

    def __len__(self):
        if self._count is None:
            with gzip.open(self.path, "rt") as fh:
                self._count = sum(1 for _ in fh)
        return self._count

    def __iter__(self):
        return self.records()

    def head(self, n):
        return list(islice(self.records(), n))


def material(board):
    values = {"p": 1, "n": 3, "b": 3, "r": 5, "q": 9}
    score = 0
    for piece in board:
        worth = values.get(piece.lower(), 0)
        score += worth if piece.isupper() else -worth
    return score


def replay(archive, evaluator=material):
    history = []
    for match in archive:
        swings = [evaluator(b) for b in match["boards"]]
        history.append((match["id"], max(swings, default=0), min(swings, default=0)))
    return history


if __name__ == "__main__":
    import sys

    for row in replay(MatchArchive(sys.argv[1])):
        print(*row, sep="\t")
