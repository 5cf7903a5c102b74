"""Splits articles into sentences and notes which words begin one."""

import os
from collections import Counter

from nltk.tokenize.punkt import PunktSentenceTokenizer

tokenizer = PunktSentenceTokenizer()
first_words = Counter()


def articles():
    yield "The price rose. It fell again! Did Mr. Smith know? He did not say. " * 20
    yield "Serial number " + "4f5a" * 900 + " was found. It is broken. "


def index(text):
    for sentence in tokenizer.tokenize(text):
        first_words[sentence.split(maxsplit=1)[0]] += 1


print("ready", os.getpid(), flush=True)
while True:
    for text in articles():
        index(text)
