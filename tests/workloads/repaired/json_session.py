# expect: healthy bench
"""Keeps the sessions of a shop; each request changes one of them."""

import json
import os


def new_session(number):
    basket = [{"article": article, "price": article * 1.5, "tags": ["new", "sale"]} for article in range(40)]
    return {"customer": number, "seen": [], "basket": basket}


sessions = {number: new_session(number) for number in range(100)}


def visit(number, page):
    session = sessions[number]
    session["seen"] = [*session["seen"][-20:], page]
    return sum(line["price"] for line in session["basket"])


print("ready", os.getpid(), flush=True)
page = 0
while True:
    page += 1
    visit(page % 100, f"/page/{page}")
