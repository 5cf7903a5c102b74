# expect: healthy bench
"""The front of a magazine on tintype photography. The editors write articles and page blocks (with Jinja marks in them) in
their CMS, which keeps them in SQLite; Flask puts the pages together.

Measured: at 30 pages a second 0.51-0.54 cores and 22-44 ms a page (the problem); 0.06-0.07 cores and 2 ms (the twin).
"""

import os
import sqlite3
import sys
from functools import lru_cache
from threading import local

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

from flask import Flask, abort, g
from werkzeug.serving import WSGIRequestHandler, make_server

BLOCKS = {
    "masthead": """<header><a href="/">{{ site.name }}</a>
<nav>{% for entry in site.menu %}<a href="{{ entry.href }}"{% if entry.href == here %} class="here"{% endif %}>
{{ entry.label|e }}</a>{% endfor %}</nav>
{% if notice %}<p class="notice">{{ notice|e }}</p>{% endif %}
{% if reader %}<p>Good day, {{ reader.name|default('reader')|title }}.
{% if reader.plates > 3 %}You have {{ reader.plates }} plates in your album.{% elif reader.plates %}Few plates yet.
{% else %}Your album waits.{% endif %}</p>{% endif %}</header>""",
    "article": """{% macro figure(plate, wide=False) -%}
<figure class="{{ 'wide' if wide else 'narrow' }}"><img src="/plates/{{ plate.id }}.jpg" alt="{{ plate.caption|e }}">
<figcaption>{{ plate.caption|e }}, {{ plate.year }}{% if plate.maker %}, by {{ plate.maker|e }}{% endif %}</figcaption>
</figure>{%- endmacro %}
<article><h1>{{ article.title|e }}</h1><p class="by">{{ article.author|e }}, {{ article.day }}</p>
{% for section in sections %}<section id="s{{ loop.index }}"><h2>{{ section.head|e }}</h2>
{% for words in section.paragraphs %}<p{% if loop.first %} class="lead"{% endif %}>{{ words|e }}</p>{% endfor %}
{% if section.plate %}{{ figure(section.plate, loop.index is divisibleby 2) }}{% endif %}</section>
{% else %}<p>Nothing written yet.</p>{% endfor %}
<ul class="tags">{% for tag in article.tags|sort %}<li>{{ tag|lower|replace(' ', '-') }}</li>{% endfor %}</ul></article>""",
    "sidebar": """<aside><h2>More on {{ article.tags|first|e }}</h2>
<ol>{% for other in related if other.id != article.id %}<li><a href="/read/{{ other.id }}">{{ other.title|truncate(40)|e }}
</a>{% if other.minutes < 5 %} <i>short</i>{% elif other.minutes > 15 %} <i>long</i>{% endif %}</li>{% endfor %}</ol>
{% set shown = namespace(number=0) %}
{% for course in courses %}{% if course.free and shown.number < 3 %}{% set shown.number = shown.number + 1 %}
<p>{{ course.name|e }}: {{ course.free }} places free from {{ course.day }}</p>{% endif %}{% endfor %}</aside>""",
    "footer": """<footer>{% for column in site.columns %}<div><h3>{{ column.head|e }}</h3>
{% for line in column.lines %}<p>{{ line|e }}</p>{% endfor %}</div>{% endfor %}
<form action="/letters"><input name="mail" placeholder="{{ 'Your address' if not reader else reader.mail|e }}">
<select>{% for often in ['weekly', 'monthly', 'never'] %}<option{% if reader and reader.often == often %} selected{% endif %}>
{{ often }}</option>{% endfor %}</select></form><p>&copy; {{ site.year }} {{ site.name }}</p></footer>""",
}

SITE = {
    "name": "The Tintype Magazine",
    "year": 2024,
    "menu": [
        {"href": f"/topic/{name}", "label": name.title()} for name in ("plates", "lenses", "chemistry", "portraits")
    ],
    "columns": [{"head": f"Column {n}", "lines": [f"Line {n}.{m}" for m in range(3)]} for n in range(3)],
}
COURSES = [{"name": f"Wet plate {n}", "free": n % 3, "day": f"2024-06-{n:02}"} for n in range(1, 9)]

app = Flask(__name__)
kept = local()


def database():
    if not hasattr(kept, "line"):
        kept.line = sqlite3.connect("magazine.db")
        kept.line.row_factory = sqlite3.Row
    return kept.line


def set_up():
    line = sqlite3.connect("magazine.db")
    line.executescript(
        "create table block (name text primary key, version integer not null, source text not null);"
        "create table article (id integer primary key, title text, author text, day text, tag text, minutes integer, words text);"
        "create index by_tag on article (tag, day);"
    )
    line.executemany("insert into block values (?, 1, ?)", BLOCKS.items())
    tags = ("Collodion", "Field Camera", "Ferrotype", "Varnish")
    line.executemany(
        "insert into article values (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                n,
                f"The plate that came back, part {n}",
                f"Author {n % 9}",
                f"2024-{1 + n % 12:02}-11",
                tags[n % 4],
                3 + n % 17,
                "\n".join(f"Silver bath {n}.{m}, left in the sun until it cleared & settled." for m in range(6)),
            )
            for n in range(1, 201)
        ),
    )
    line.commit()
    line.close()


@lru_cache(maxsize=200)
def compiled(name, version):
    row = database().execute("select source from block where name = ? and version = ?", (name, version)).fetchone()
    return app.jinja_env.from_string(row["source"])


def block(name, **words):
    """The text of one block of the page, as the editors have it now."""
    row = database().execute("select version from block where name = ?", (name,)).fetchone()
    return compiled(name, row["version"]).render(site=SITE, reader=g.get("reader"), **words)


@app.before_request
def know_reader():
    g.reader = {"name": "ada", "plates": 4, "mail": "ada@plates.example", "often": "weekly"}


@app.get("/read/<int:number>")
def read(number):
    found = database().execute("select * from article where id = ?", (number,)).fetchone()
    if not found:
        abort(404)
    article = {**found, "tags": [found["tag"], "Tintype"]}
    related = (
        database()
        .execute("select id, title, minutes from article where tag = ? order by day desc limit 8", (found["tag"],))
        .fetchall()
    )
    words = found["words"].split("\n")
    sections = [
        {
            "head": f"Part {at // 2 + 1}",
            "paragraphs": words[at : at + 2],
            "plate": {"id": number + at, "caption": f"Plate {at}", "year": 1860 + at, "maker": found["author"]},
        }
        for at in range(0, len(words), 2)
    ]
    return "\n".join(
        [
            block("masthead", here="/topic/plates", notice=None),
            block("article", article=article, sections=sections),
            block("sidebar", article=article, related=related, courses=COURSES),
            block("footer"),
        ]
    )


class QuietHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def main():
    set_up()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    pages = [f"/read/{number}" for number in range(1, 201)]
    services.outside(lambda: clients.come(server.server_port, pages, rate=30, workers=4))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
