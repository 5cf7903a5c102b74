# expect: healthy bench
"""Mails the bulletin of a society of monster hunters: for each reader a letter with the articles of the chapters that
the reader follows, rendered from Markdown into an HTML letter and put into the spool of the mail server.

Measured: at 50 letters/s: 0.50 cores as it was; 0.02 cores in the repaired one.
"""

import os
import random
import time
from email.utils import format_datetime
from datetime import datetime, timezone
from pathlib import Path

from jinja2 import Environment
from markdown_it import MarkdownIt

RATE = 50  # letters a second, as agreed with the mail provider
CHAPTERS = ["lakes", "forests", "moors", "sewers", "deserts", "reefs", "peaks", "caverns"]
LETTER = """<html><body>
<p>Dear {{ reader.name }},</p>
<p>issue {{ issue }} brings {{ articles|length }} reports from the chapters that you follow.</p>
{% for title, body in articles %}
<section><h2>{{ title }}</h2>{{ body|safe }}</section>
{% endfor %}
<p><a href="https://bulletin.example/stop/{{ reader.token }}">No more of this</a></p>
</body></html>
"""

markdown = MarkdownIt("commonmark", {"typographer": True}).enable(["table", "replacements", "smartquotes"])
letter = Environment(autoescape=True).from_string(LETTER)


class Reader:
    def __init__(self, number, chance):
        self.name = f"Member {number}"
        self.address = f"member{number}@hunters.example"
        self.token = f"{chance.getrandbits(64):016x}"
        self.chapters = sorted(chance.sample(CHAPTERS, 3))


class Article:
    def __init__(self, path):
        head, _, text = path.read_text().partition("\n")
        self.chapter, self.title = head.split(": ", 1)
        self.html = markdown.render(text)


def write_issue(folder, issue):
    """What the editors hand in."""
    chance = random.Random(issue)
    folder.mkdir(exist_ok=True)
    words = "tracks hoofprints *humming* howl **slime** witness lantern [map](https://m.example/7) mud `47 Hz` night".split()
    for number in range(16):
        parts = [f"{CHAPTERS[number % 8]}: Sighting {issue}-{number}\n"]
        for section in range(2):
            parts.append(f"### Night {section + 1}\n")
            parts.append(" ".join(chance.choices(words, k=60)) + ' -- "as tall as a mill"...\n')
            parts += [f"- {chance.choice(words)} at *{chance.randint(1, 12)}* o'clock" for _ in range(4)]
            parts.append("\n| hour | feet | smell |\n|---|---|---|")
            parts += [f"| {n} | {chance.randint(2, 9)} | {chance.choice(words)} |" for n in range(3)]
            parts.append("")
        (folder / f"{number:02}.md").write_text("\n".join(parts))


def load_issue(folder):
    by_chapter = {chapter: [] for chapter in CHAPTERS}
    for path in sorted(folder.glob("*.md")):
        article = Article(path)
        by_chapter[article.chapter].append(article)
    return by_chapter


def compose(reader, issue, by_chapter):
    articles = []
    for chapter in reader.chapters:
        for article in by_chapter[chapter]:
            articles.append((article.title, article.html))
    return letter.render(reader=reader, issue=issue, articles=articles)


def post(spool, reader, issue, body):
    spool.write(
        f"To: {reader.address}\nDate: {format_datetime(datetime.now(timezone.utc))}\n"
        f"Subject: Bulletin {issue}\nContent-Type: text/html\n\n{body}\n\n"
    )


def send_issue(issue, readers):
    folder = Path("issue")
    write_issue(folder, issue)
    by_chapter = load_issue(folder)
    due = time.monotonic()
    with open("spool.mbox", "w", buffering=1 << 18) as spool:
        for reader in readers:
            post(spool, reader, issue, compose(reader, issue, by_chapter))
            due = max(due + 1 / RATE, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    chance = random.Random(5)
    readers = [Reader(number, chance) for number in range(1200)]
    print("ready", os.getpid(), flush=True)
    issue = 411
    while True:
        send_issue(issue, readers)
        issue += 1


if __name__ == "__main__":
    main()
