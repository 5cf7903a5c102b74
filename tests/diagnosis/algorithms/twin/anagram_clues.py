"""Finds anagram families in a word list, for crossword setters."""
import argparse
from collections import defaultdict


def normalise(word):
    return "".join(c for c in word.lower() if c.isalpha())


def signature(word):
    return "".join(sorted(word))  # <- hot 50


def families(words):
    groups = defaultdict(list)
    for word in words:
        groups[signature(word)].append(word)  # <- hot 22
    return [g for g in groups.values() if len(g) > 1]


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
