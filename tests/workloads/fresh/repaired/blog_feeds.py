# expect: healthy bench
"""Exports the feeds of a platform of blogs. Authors come with the articles, the tags of all of them with one query."""

import hashlib
import html
import logging
import os
import re
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import pg8000.native
import services

BLOGS, PER_FEED = 40, 50
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
STRONG = re.compile(r"\*\*([^*]+)\*\*")

PORT = services.postgres(
    "CREATE TABLE authors (id int PRIMARY KEY, name text, mail text)",
    "CREATE TABLE articles (id int PRIMARY KEY, blog int, author int, title text, body text)",
    "CREATE TABLE tags (article int, tag text)",
    "INSERT INTO authors SELECT n, 'Author ' || n, 'author' || n || '@example.org' FROM generate_series(1, 300) n",
    "INSERT INTO articles SELECT n, n % 40, n % 300 + 1, 'News <' || n || '>', repeat('The **city** of '"
    " || n || ' & its [river](/places/' || n || ') are *well* worth a visit in the \"warm\" season. ', 30)"
    " FROM generate_series(1, 4000) n",
    "INSERT INTO tags SELECT n % 4000 + 1, 'tag ' || n % 70 FROM generate_series(1, 12000) n",
    "CREATE INDEX ON articles (blog)",
    "CREATE INDEX ON tags (article)",
    "ANALYZE",
)
logging.basicConfig(filename="feeds.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
database = pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT)


class Article:
    """A row, with its author and its tags."""

    def __init__(self, number, title, body, name, mail):
        self.number, self.title, self.body = number, title, body
        self.author = name, mail
        self.tags = []


def articles_of(blog):
    asked = (
        "SELECT a.id, title, body, name, mail FROM articles a JOIN authors ON authors.id = author"
        " WHERE blog = :blog ORDER BY a.id DESC LIMIT :most"
    )
    found = {row[0]: Article(*row) for row in database.run(asked, blog=blog, most=PER_FEED)}
    asked = "SELECT article, tag FROM tags WHERE article = ANY(:numbers) ORDER BY tag"
    for number, tag in database.run(asked, numbers=list(found)):
        found[number].tags.append(tag)
    return list(found.values())


def rendered(text, base):
    text = html.escape(text)
    text = STRONG.sub(r"<strong>\1</strong>", text)
    return LINK.sub(lambda found: f'<a href="{base}{found[2]}">{found[1]}</a>', text)


def item(article, base):
    name, mail = article.author
    tags = "".join(f"<category>{html.escape(tag)}</category>" for tag in article.tags)
    return (
        f"<item><title>{html.escape(article.title)}</title><link>{base}/{article.number}</link>"
        f"<author>{mail} ({html.escape(name)})</author>{tags}"
        f"<description>{html.escape(rendered(article.body, base))}</description></item>"
    )


def feed(blog, edition):
    base = f"https://blog{blog}.example.org/{edition}"
    items = "\n".join(item(article, base) for article in articles_of(blog))
    return f'<?xml version="1.0"?><rss version="2.0"><channel><link>{base}</link>\n{items}</channel></rss>'.encode()


def main():
    etags = {}
    print("ready", os.getpid(), flush=True)
    number, told = 0, time.monotonic()
    while True:
        blog, edition = number % BLOGS, number // BLOGS
        body = feed(blog, edition)
        etags[blog] = hashlib.sha256(body).hexdigest()
        Path(f"feed-{blog}.xml").write_bytes(body)
        number += 1
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d feeds written", number)


main()
