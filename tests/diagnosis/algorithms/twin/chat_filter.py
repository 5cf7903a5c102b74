"""Moderation stage: masks banned phrases in chat messages."""
import json
import re
from pathlib import Path


class Wordlist:
    def __init__(self, path):
        self.path = Path(path)
        self.phrases = []
        self.pattern = None
        self.reload()

    def reload(self):
        text = self.path.read_text(encoding="utf-8")
        self.phrases = [line.strip() for line in text.splitlines() if line.strip()]
        ordered = sorted(self.phrases, key=len, reverse=True)
        body = "|".join(re.escape(p) for p in ordered)
        self.pattern = re.compile(rf"\b(?:{body})\b", re.IGNORECASE)


def mask(match):
    found = match.group()
    return found[0] + "*" * (len(found) - 1)


def clean(message, wordlist):
    text, hits = wordlist.pattern.subn(mask, message["text"])  # <- hot 70
    if hits:
        message = {**message, "text": text, "masked": hits}
    return message


def pump(source, sink, wordlist):
    seen = masked = 0
    for line in source:
        message = clean(json.loads(line), wordlist)
        seen += 1
        masked += "masked" in message
        sink.write(json.dumps(message, ensure_ascii=False) + "\n")
    return seen, masked
