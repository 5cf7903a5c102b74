# expect: healthy bench
"""Listens for secrets that are whispered into the sphinxes' shared scrolls.

Scrolls (configuration, code, notes) arrive as they are pushed, some 500 a second in batches of 25; each is searched for
keys and pass words that should not be there. What is found goes, without the secret itself, into an SQLite register, one
transaction a batch.
"""

import hashlib
import math
import os
import random
import re
import sqlite3
import time
from collections import Counter

BATCH = 25
PAUSE = 0.05
KEPT = 2000

PATTERN = re.compile(
    r"""
    (?P<aws>\bAKIA[0-9A-Z]{16}\b)
  | (?P<github>\bghp_[0-9A-Za-z]{36}\b)
  | (?P<pem>-----BEGIN\ (?:RSA\ |EC\ )?PRIVATE\ KEY-----)
  | (?P<assigned>\b(?:password|secret|token)["']?\s*[:=]\s*["'](?P<value>[^"'\s]{12,80})["'])
    """,
    re.VERBOSE,
)
HINTS = ("AKIA", "ghp_", "-----BEGIN ", "password", "secret", "token")
PLACEHOLDERS = re.compile(r"example|changeme|dummy|xxxx|\$\{|<", re.IGNORECASE)


def entropy(text):
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


def search(text):
    """(kind, line, fingerprint) of each secret in the text."""
    if not any(hint in text for hint in HINTS):
        return []
    found = []
    for match in PATTERN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "value" else "assigned"
        secret = match["value"] or match[0]
        if kind == "assigned" and (PLACEHOLDERS.search(secret) or entropy(secret) < 3.2):
            continue
        line = text.count("\n", 0, match.start()) + 1
        found.append((kind, line, hashlib.sha256(secret.encode()).hexdigest()[:24]))
    return found


class Register:
    def __init__(self, path):
        self.base = sqlite3.connect(path, isolation_level=None)
        self.base.execute("PRAGMA journal_mode = WAL")
        self.base.execute("PRAGMA synchronous = NORMAL")
        self.base.execute(
            "CREATE TABLE finding (print TEXT, kind TEXT, scroll TEXT, line INTEGER, seen REAL, PRIMARY KEY (print, scroll))"
        )
        self.base.execute("CREATE INDEX finding_seen ON finding (seen)")
        self.batches = 0

    def note(self, rows):
        self.base.execute("BEGIN")
        self.base.executemany(
            "INSERT INTO finding VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen, line = excluded.line",
            rows,
        )
        self.batches += 1
        if self.batches % 200 == 0:
            self.base.execute(
                "DELETE FROM finding WHERE seen < (SELECT seen FROM finding ORDER BY seen DESC LIMIT 1 OFFSET ?)",
                (KEPT,),
            )
        self.base.execute("COMMIT")


class Pushes:
    """Scribes at their work."""

    WORDS = [
        "riddle",
        "paw",
        "obelisk",
        "nose",
        "dune",
        "caravan",
        "answer",
        "traveller",
        "granite",
        "noon",
        "token_count",
    ]

    def __init__(self):
        self.chance = random.Random(8)
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        self.lines = [
            " ".join(self.chance.choices(self.WORDS[:-1], k=9)) + f" = {self.chance.randrange(10**6)}"
            for _ in range(3000)
        ]
        self.leaks = [f'key = "AKIA{"".join(self.chance.choices(letters, k=16))}"' for _ in range(100)]
        self.leaks += [f'password: "{"".join(self.chance.choices(letters.lower(), k=20))}"' for _ in range(100)]
        self.leaks += ['password = "changeme-please"', "secret: '${VAULT_SECRET_PATH}'", 'token = "aaaaaaaaaaaaaaa"']

    def batch(self):
        scrolls = []
        for _ in range(BATCH):
            lines = self.chance.choices(self.lines, k=self.chance.randrange(60, 200))
            if self.chance.random() < 0.3:
                lines.insert(self.chance.randrange(len(lines)), self.chance.choice(self.leaks))
            scrolls.append((f"scroll-{self.chance.randrange(5000)}", "\n".join(lines)))
        return scrolls


def main():
    register = Register("findings.db")
    pushes = Pushes()
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        rows = []
        for scroll, text in pushes.batch():
            rows += [(mark, kind, scroll, line, time.time()) for kind, line, mark in search(text)]
        if rows:
            register.note(rows)
        due += PAUSE
        time.sleep(max(0.0, due - time.monotonic()))


main()
