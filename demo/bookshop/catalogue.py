"""What the shop sells, and how customers find it."""

import json
from pathlib import Path
from typing import Any

Book = dict[str, Any]


class Catalogue:
    def __init__(self, path: Path) -> None:
        with path.open() as file:
            self.books: list[Book] = [json.loads(line) for line in file]
        self.by_id = {book["id"]: book for book in self.books}

    def with_related(self, number: int) -> tuple[Book, list[Book]]:
        """A book, and eight that stand near it."""
        return self.by_id[number], self.books[number - 4 : number] + self.books[number + 1 : number + 5]

    def search(self, word: str) -> list[Book]:
        """Books on a subject, each work once (its first edition in the list)."""
        seen: list[str] = []
        found = []
        for book in self.books:
            if word in book["subjects"] and book["work"] not in seen:
                seen.append(book["work"])
                found.append(book)
        return found
