# expect: healthy bench
"""Renders pages by templates that were compiled once."""

import html
import os
import re

SOURCE = "<h1>{title}</h1><ul>{items}</ul><p>{total} things, made for {name}</p>"
ITEM = "<li><b>{label}</b> {price}</li>"


def compiled(source):
    parts = re.split(r"\{(\w+)\}", source)

    def render(values):
        return "".join(part if n % 2 == 0 else values[part] for n, part in enumerate(parts))

    return render


page, item = compiled(SOURCE), compiled(ITEM)
goods = [{"label": html.escape(f"thing & {n}"), "price": f"{n * 1.5:.2f}"} for n in range(60)]


def answer(name):
    items = "".join(map(item, goods))
    return page({"title": "Goods", "items": items, "total": str(len(goods)), "name": html.escape(name)})


print("ready", os.getpid(), flush=True)
number = 0
while True:
    assert len(answer(f"customer <{number}>")) > 100
    number += 1
