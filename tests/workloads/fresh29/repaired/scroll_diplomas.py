# expect: healthy bench
"""Prints the diplomas of evening courses: takes finished participants from the register, renders each one's diploma
and the letter that goes with it, and puts the sheets of one course into one file for the print shop.

Measured: 0.25 cores with the problem, 0.01 repaired, for the same 44 sheets a second.
"""

import datetime
import itertools
import os
import random
import sqlite3
import time
from pathlib import Path

from jinja2 import Environment, StrictUndefined

SHEETS_PER_SECOND = 44
COURSE_SIZE = 11

LAYOUT = """
<html lang="{{ language }}">
<head><title>{{ title }}</title></head>
<body class="{{ paper }}">
{% macro seal(kind, year) -%}
  <svg class="seal {{ kind }}" viewBox="0 0 90 90"><circle r="44"/><text>{{ year }}</text></svg>
{%- endmacro %}
{% macro signature(person) -%}
  <div class="signature"><hr/>{{ person.name }}{% if person.office %}, <i>{{ person.office }}</i>{% endif %}</div>
{%- endmacro %}
"""

DIPLOMA = (
    LAYOUT
    + """
<h1>{{ title | upper }}</h1>
<p class="name">{{ participant.name }}</p>
{% if participant.born %}<p>born on {{ participant.born | day }}</p>{% endif %}
<p>has taken part in the course <b>{{ course.name }}</b> from {{ course.begin | day }} to {{ course.end | day }}
{% if participant.hours >= course.hours * 0.8 %}with success{% else %}for {{ participant.hours }} hours{% endif %}.</p>
<table>
{% for module in course.modules %}
  <tr class="{{ loop.cycle('odd', 'even') }}"><td>{{ loop.index }}</td><td>{{ module.name }}</td>
  <td>{% if participant.results[loop.index0] is not none %}{{ participant.results[loop.index0] }} %{% else %}-{% endif %}
  </td></tr>
{% endfor %}
</table>
{% set mean = participant.results | select('number') | sum / course.modules | length %}
{% if mean >= 85 %}<p class="honours">with distinction</p>{% elif mean >= 70 %}<p>with merit</p>{% endif %}
{{ seal('gold' if mean >= 85 else 'plain', course.end.year) }}
{% for person in course.signers %}{{ signature(person) }}{% endfor %}
</body></html>
"""
)

LETTER = (
    LAYOUT
    + """
<address>{{ participant.name }}<br/>{{ participant.street }}<br/>{{ participant.town }}</address>
<p class="date">{{ today | day }}</p>
<p>Dear {{ participant.name }},</p>
<p>enclosed you find the diploma of our course {{ course.name }}.
{% if participant.fee_open %}Please note that {{ participant.fee_open | money }} of your fee are still open.{% endif %}</p>
{% if course.next %}
<p>You may want to go on with:</p>
<ul>{% for one in course.next %}<li>{{ one }}</li>{% endfor %}</ul>
{% endif %}
{% for person in course.signers %}{{ signature(person) }}{% endfor %}
</body></html>
"""
)

TEMPLATES = {"diploma": DIPLOMA, "letter": LETTER}


def day(value):
    return f"{value.day} {value:%B %Y}"


def money(cents):
    return f"€ {cents / 100:,.2f}"


def environment():
    made = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    made.filters["day"] = day
    made.filters["money"] = money
    return made


ENVIRONMENT = environment()
COMPILED = {kind: ENVIRONMENT.from_string(source) for kind, source in TEMPLATES.items()}


def render(kind, **values):
    return COMPILED[kind].render(language="en", paper="a4", title=f"Evening school {kind}", **values)


class Register:
    def __init__(self, path):
        self.base = sqlite3.connect(path)
        self.base.execute(
            "create table participant (id integer primary key, course integer, name text, street text, town text,"
            " born text, hours integer, fee_open integer, results text)"
        )
        self.base.execute("create index by_course on participant (course)")
        chance = random.Random(7)
        people = [
            (
                n // COURSE_SIZE,
                f"{chance.choice(('Ada', 'Ottilie', 'Bruno', 'Casimir'))} {chance.choice(('Wren', 'Fink', 'Lark'))}",
                f"Quill lane {n % 90}",
                f"{10000 + n % 700} Vellum",
                f"{1950 + n % 50}-0{1 + n % 9}-1{n % 9}",
                chance.randint(20, 40),
                chance.choice((0, 0, 0, 4500)),
                ",".join(str(chance.randint(45, 100)) for _ in range(6)),
            )
            for n in range(COURSE_SIZE * 300)
        ]
        self.base.executemany(
            "insert into participant (course, name, street, town, born, hours, fee_open, results)"
            " values (?,?,?,?,?,?,?,?)",
            people,
        )
        self.base.commit()

    def participants(self, course):
        rows = self.base.execute(
            "select name, street, town, born, hours, fee_open, results from participant where course = ?", (course,)
        )
        for name, street, town, born, hours, fee_open, results in rows:
            yield {
                "name": name,
                "street": street,
                "town": town,
                "born": datetime.date.fromisoformat(born),
                "hours": hours,
                "fee_open": fee_open,
                "results": [int(one) for one in results.split(",")],
            }


def course_of(number):
    begin = datetime.date(2024, 9, 1) + datetime.timedelta(days=number % 60)
    return {
        "name": ("Bookbinding", "Calligraphy", "Paper making")[number % 3] + f" {number % 8 + 1}",
        "begin": begin,
        "end": begin + datetime.timedelta(days=84),
        "hours": 40,
        "modules": [{"name": name} for name in ("tools", "paper", "sewing", "boards", "gilding", "history")],
        "signers": [{"name": "M. Colophon", "office": "head of school"}, {"name": "T. Recto", "office": None}],
        "next": ["Marbling", "Letterpress"] if number % 2 else [],
    }


def print_course(register, number, target):
    course = course_of(number)
    today = datetime.date.today()
    sheets = []
    for participant in register.participants(number):
        sheets.append(render("diploma", participant=participant, course=course))
        sheets.append(render("letter", participant=participant, course=course, today=today))
    target.write_text("\f".join(sheets), encoding="utf-8")
    return len(sheets)


def main():
    register = Register("register.sqlite")
    folder = Path("sheets")
    folder.mkdir()
    due = time.monotonic()
    for turn in itertools.count():
        number = turn % 300
        made = print_course(register, number, folder / f"tray{turn % 12}.html")
        if turn == 2:
            print("ready", os.getpid(), flush=True)
        due = max(due + made / SHEETS_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
