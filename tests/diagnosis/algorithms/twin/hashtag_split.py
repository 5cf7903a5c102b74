"""Splits hashtags such as #throwbackthursday into words."""
import math

UNKNOWN = -30.0
MAX_WORD = 18


class Lexicon:
    def __init__(self, counts):
        total = float(sum(counts.values()))
        self.scores = {w: math.log(c / total) for w, c in counts.items()}

    def score(self, word):
        return self.scores.get(word, UNKNOWN + -2.0 * len(word))  # <- hot 38


class Splitter:
    def __init__(self, lexicon):
        self.lexicon = lexicon

    def best(self, text):
        n = len(text)
        scores = [0.0] + [-math.inf] * n
        back = [0] * (n + 1)
        for end in range(1, n + 1):
            for start in range(max(0, end - MAX_WORD), end):  # <- hot 10
                score = scores[start] + self.lexicon.score(text[start:end])  # <- hot 35
                if score > scores[end]:
                    scores[end] = score
                    back[end] = start
        words = []
        while n > 0:
            words.append(text[back[n]:n])
            n = back[n]
        words.reverse()
        return words

    def split(self, hashtag):
        return self.best(hashtag.lstrip("#").lower())


def annotate(posts, lexicon):
    splitter = Splitter(lexicon)
    for post in posts:
        post["tag_words"] = [splitter.split(tag) for tag in post["tags"]]
        yield post
