# expect: healthy bench
"""Renders pages from templates that may lie in any of some folders."""

import os

FOLDERS = [os.path.join("themes", name) for name in ("local", "shop", "brand", "season", "language", "base")]
PARTS = ["head", "menu", "text", "price", "foot"]
for folder in FOLDERS:
    os.makedirs(folder, exist_ok=True)
for part in PARTS:
    with open(os.path.join(FOLDERS[-1], part + ".html"), "w") as file:
        file.write(f"<div class={part}>{{title}}</div>\n")

texts = {}
places = {}


def find(part):
    if part not in places:
        found = (os.path.join(folder, part + ".html") for folder in FOLDERS)
        places[part] = next(path for path in found if os.path.exists(path))
    return places[part]


def page(title):
    parts = []
    for part in PARTS:
        path = find(part)
        if path not in texts:
            with open(path) as file:
                texts[path] = file.read()
        parts.append(texts[path].format(title=title))
    return "".join(parts)


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    page(f"page {number}")
