# expect: pattern=process-churn bench
"""Moves the articles of a closed newsletter archive to the new site: takes the next articles from the old base, brings
each from the code page of its time to UTF-8, mends what the old editor left in it, and stores title, summary and text.

Measured: 0.34 to 0.40 cores (children included) with the problem, 0.06 repaired, for 280 articles a second.
"""

import html
import itertools
import os
import random
import re
import sqlite3
import subprocess
import time

ARTICLES_PER_SECOND = 280
BATCH = 28
ARTICLES = 2800
CODE_PAGES = ("CP1252", "CP1250", "ISO-8859-15", "KOI8-R", "CP850")
SAMPLES = {
    "CP1252": "“Fräulein Müller”, said the café owner, “déjà vu costs 5 € — naïve, non?” ",
    "CP1250": "Žluťoučký kůň úpěl ďábelské ódy, łódź i źdźbło, árvíztűrő tükörfúrógép. ",
    "ISO-8859-15": "L’œuvre de l'été: maçon, forêt, žena, 12 € la pièce. ".replace("’", "'"),
    "KOI8-R": "Съешь ещё этих мягких французских булок, да выпей чаю. ",
    "CP850": "¿Dónde está el niño? Übermäßig große Straßen, ñandú, ½ litro. ",
}

TAG = re.compile(r"<[^>]+>")
SPACES = re.compile(r"[ \t\r\f\v]+")
BREAKS = re.compile(r"(?:<br ?/?>\s*){2,}", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?])\s+")


def old_base(path):
    base = sqlite3.connect(path)
    base.execute("create table article (id integer primary key, code_page text, posted text, title blob, body blob)")
    chance = random.Random(1999)

    def articles():
        for number in range(1, ARTICLES + 1):
            code_page = CODE_PAGES[number % len(CODE_PAGES)]
            text = SAMPLES[code_page] * chance.randint(20, 60)
            body = f"<P>{text[:300]}<BR><BR>{text[300:]}</P>\r\n<FONT color=red>&copy; 1998</FONT>\r\n"
            title = f"No. {number}: {SAMPLES[code_page][:24]}"
            encoded = (title.encode(code_page, "replace"), body.encode(code_page, "replace"))
            yield (number, code_page, f"199{number % 10}-0{1 + number % 9}-11", *encoded)

    base.executemany("insert into article values (?,?,?,?,?)", articles())
    base.commit()
    return base


def new_base(path):
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode = wal")
    base.execute("pragma synchronous = normal")
    base.execute(
        "create table if not exists page (id integer primary key, posted text, title text, summary text, body text,"
        " words integer)"
    )
    base.commit()
    return base


def to_unicode(raw, code_page):
    command = ["iconv", "-c", "-f", code_page, "-t", "UTF-8"]
    done = subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=True)  # <- cost
    return done.stdout.decode("utf-8")


def paragraphs(body):
    body = BREAKS.sub("\n\n", body)
    text = html.unescape(TAG.sub("", body))
    for part in text.split("\n\n"):
        part = SPACES.sub(" ", part).strip()
        if part:
            yield part


def summary(parts, limit=180):
    taken = []
    length = 0
    for sentence in SENTENCE.split(parts[0] if parts else ""):
        if taken and length + len(sentence) > limit:
            break
        taken.append(sentence)
        length += len(sentence) + 1
    return " ".join(taken)[:limit]


def convert(row):
    number, code_page, posted, raw = row
    title, _, body = to_unicode(raw, code_page).partition("\n")  # <- cost
    parts = list(paragraphs(body))
    text = "\n".join(f"<p>{html.escape(part)}</p>" for part in parts)
    words = sum(part.count(" ") + 1 for part in parts)
    return number, posted, html.unescape(title).strip(), summary(parts), text, words


def next_articles(base, after):
    return base.execute(
        "select id, code_page, posted, cast(title || x'0a' || body as blob) from article where id > ? order by id limit ?",
        (after, BATCH),
    ).fetchall()


def main():
    old = old_base("newsletter.sqlite")
    new = new_base("site.sqlite")
    after = 0
    due = time.monotonic()
    for turn in itertools.count():
        rows = next_articles(old, after)
        if not rows:
            after = 0
            continue
        pages = [convert(row) for row in rows]  # <- cost
        with new:
            new.executemany("insert or replace into page values (?,?,?,?,?,?)", pages)
        after = rows[-1][0]
        if turn == 3:
            print("ready", os.getpid(), flush=True)
        due = max(due + len(rows) / ARTICLES_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
