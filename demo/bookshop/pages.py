"""Product pages, put together from templates. A shop's theme may override any template of the themes below it."""

import os
from pathlib import Path
from typing import Any

PARTS = ("head", "menu", "book", "price", "card", "foot")
ENDINGS = (".local.html", ".html")


class Pages:
    def __init__(self, themes: list[Path]) -> None:
        self.themes = themes
        self.texts: dict[str, str] = {}

    def find(self, part: str) -> str:
        """The template's file: the first theme that has one wins."""
        for theme in self.themes:
            for ending in ENDINGS:
                path = os.path.join(theme, part + ending)
                if os.path.exists(path):
                    return path
        raise FileNotFoundError(part)

    def fill(self, part: str, book: dict[str, Any], shop: str) -> str:
        path = self.find(part)
        if path not in self.texts:
            self.texts[path] = Path(path).read_text()
        return self.texts[path].format(shop=shop, title=book["title"], price=book["price"], id=book["id"])

    def book(self, book: dict[str, Any], related: list[dict[str, Any]], shop: str) -> str:
        """The page of one book, with a card for each related one."""
        page = [self.fill(part, book, shop) for part in ("head", "menu", "book", "price")]
        page += [self.fill("card", other, shop) for other in related]
        page.append(self.fill("foot", book, shop))
        return "".join(page)
