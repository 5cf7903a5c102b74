# expect: healthy bench
"""Answers questions about a text, in a container without a limit."""

import os
import random

words = [random.choice("ab cd ef gh ij".split()) + str(number % 97) for number in range(5000)]


def answer(question):
    score = 0
    for word in words:
        score = (score * 33 + len(word) * question) % 1000003
    return score


if __name__ == "__main__":
    print("ready", os.getpid(), flush=True)
    question = 0
    while True:
        question += answer(question)
