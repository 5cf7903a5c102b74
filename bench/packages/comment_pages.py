"""Renders the comments of a site, with links in them made clickable."""

import os

from jinja2 import Environment

page = Environment(autoescape=True).from_string("<ul>{% for c in comments %}<li>{{ c|urlize }}</li>{% endfor %}</ul>")


def comments(number):
    yield f"I agree with www.example.org/{number}, see (http://example.com/{number})."
    yield "write to me at someone@example.com." * 3
    yield "x@" + "a." * 800 + "!"
    yield "so funny" + "." * 900 + "!"


def render(number):
    return page.render(comments=list(comments(number)))


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    render(number)
