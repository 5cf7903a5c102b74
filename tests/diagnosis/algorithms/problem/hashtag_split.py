"""Splits hashtags such as #throwbackthursday into words."""
import math

UNKNOWN = -30.0
MAX_WORD = 18


class Lexicon:
    def __init__(self, counts):
        total = float(sum(counts.values()))
        self.scores = {w: math.log(c / total) for w, c in counts.items()}

    def score(self, word):
        return self.scores.get(word, UNKNOWN + -2.0 * len(word))


class Splitter:
    def __init__(self, lexicon):
        self.lexicon = lexicon

    def best(self, text):
        if not text:
            return 0.0, []
        winner = (-math.inf, [])
        for cut in range(1, min(len(text), MAX_WORD) + 1):
            head, tail = text[:cut], text[cut:]  # <- hot 12
            rest_score, rest_words = self.best(tail)  # <- cost hot 31
            score = self.lexicon.score(head) + rest_score  # <- hot 34
            if score > winner[0]:
                winner = (score, [head] + rest_words)  # <- hot 12
        return winner

    def split(self, hashtag):
        return self.best(hashtag.lstrip("#").lower())[1]


def annotate(posts, lexicon):
    splitter = Splitter(lexicon)
    for post in posts:
        post["tag_words"] = [splitter.split(tag) for tag in post["tags"]]
        yield post
