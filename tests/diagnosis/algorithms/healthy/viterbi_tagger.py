"""Part-of-speech tagging with a bigram hidden Markov model."""
import json
import math

TAGS = ("NOUN", "VERB", "ADJ", "ADV", "DET", "ADP", "PRON", "CONJ", "NUM", "X")
FLOOR = math.log(1e-8)


class Model:
    def __init__(self, start, transition, emission):
        self.start = start
        self.transition = transition
        self.emission = emission

    @classmethod
    def load(cls, path):
        with open(path) as fh:
            raw = json.load(fh)
        return cls(raw["start"], raw["transition"], raw["emission"])


def best_previous(scores, column):
    best, origin = -math.inf, 0
    for i, score in enumerate(scores):  # <- hot 26
        s = score + column[i]  # <- hot 24
        if s > best:  # <- hot 20
            best, origin = s, i
    return best, origin


def tag(sentence, model):
    first = model.emission.get(sentence[0], {})
    scores = [model.start[t] + first.get(t, FLOOR) for t in TAGS]
    pointers = []
    for word in sentence[1:]:
        emit = model.emission.get(word, {})
        row, back = [], []
        for t in TAGS:
            best, origin = best_previous(scores, model.transition[t])
            row.append(best + emit.get(t, FLOOR))  # <- hot 9
            back.append(origin)
        scores = row
        pointers.append(back)
    at = max(range(len(TAGS)), key=scores.__getitem__)
    path = [at]
    for back in reversed(pointers):
        at = back[at]
        path.append(at)
    return [TAGS[i] for i in reversed(path)]


def tag_corpus(lines, model):
    for line in lines:
        words = line.split()
        if words:
            yield list(zip(words, tag(words, model)))
