"""Part-of-speech tagging by a hidden Markov model."""
import math
from collections import defaultdict

UNSEEN = -18.0


class Tagger:
    def __init__(self, tags):
        self.tags = list(tags)
        self.trans = defaultdict(lambda: UNSEEN)
        self.emit = defaultdict(lambda: UNSEEN)

    def fit(self, sentences):
        pairs, words, totals = defaultdict(int), defaultdict(int), defaultdict(int)
        for sentence in sentences:
            prev = "<s>"
            totals[prev] += 1
            for word, tag in sentence:
                pairs[prev, tag] += 1
                words[tag, word] += 1
                totals[tag] += 1
                prev = tag
        for (a, b), n in pairs.items():
            self.trans[a, b] = math.log(n / totals[a])
        for (t, w), n in words.items():
            self.emit[t, w] = math.log(n / totals[t])

    def tag(self, words):
        score = {t: self.trans["<s>", t] + self.emit[t, words[0]] for t in self.tags}
        back = []
        for word in words[1:]:
            nxt, links = {}, {}
            for t in self.tags:
                best, arg = -math.inf, None
                for p in self.tags:  # <- hot 12
                    s = score[p] + self.trans[p, t]  # <- hot 53
                    if s > best:  # <- hot 18
                        best, arg = s, p
                nxt[t] = best + self.emit[t, word]
                links[t] = arg
            score = nxt
            back.append(links)
        path = [max(score, key=score.get)]
        for links in reversed(back):
            path.append(links[path[-1]])
        return path[::-1]
