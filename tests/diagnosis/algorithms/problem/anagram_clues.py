"""Finds anagram families in a word list, for crossword setters."""
import argparse
from collections import Counter


def normalise(word):
    return "".join(c for c in word.lower() if c.isalpha())


def are_anagrams(a, b):
    if len(a) != len(b):  # <- hot 10
        return False
    return Counter(a) == Counter(b)  # <- cost hot 78


def families(words):
    groups = []
    for word in words:
        for group in groups:  # <- cost
            if are_anagrams(group[0], word):  # <- cost hot 8
                group.append(word)
                break
        else:
            groups.append([word])
    return [g for g in groups if len(g) > 1]


def read_words(path, shortest):
    words = set()
    with open(path, encoding="utf-8") as fh:
        for line in fh:
            word = normalise(line)
            if len(word) >= shortest:
                words.add(word)
    return sorted(words)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("wordlist")
    ap.add_argument("--shortest", type=int, default=5)
    ap.add_argument("--top", type=int, default=50)
    args = ap.parse_args()
    found = families(read_words(args.wordlist, args.shortest))
    found.sort(key=lambda g: (-len(g), g[0]))
    for group in found[: args.top]:
        print(len(group), " ".join(group))


if __name__ == "__main__":
    main()
