"""Makes the shop's data: the same every time."""

import json
import random
from pathlib import Path

from bookshop.pages import PARTS
from bookshop.reports import RECORD

SUBJECTS = tuple(f"subject-{number}" for number in range(240))
GROUPS = ("retail", "school", "library", "staff")
BOOKS = 2400
SALES = 4000
THEMES = 20


def make(folder: Path) -> None:
    """Write catalogue, settings, templates and ledger below ``folder``, unless they are there."""
    if (folder / "complete").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20)
    with (folder / "catalogue.jsonl").open("w") as file:
        for number in range(BOOKS):
            book = {
                "id": number,
                "work": f"work-{number % (BOOKS * 5 // 6):05}",
                "title": f"The Book of {chance.choice(SUBJECTS)} {number}",
                "subjects": [*chance.sample(SUBJECTS[:24], 4), chance.choice(SUBJECTS)],
                "price": chance.randrange(500, 9000) / 100,
            }
            file.write(json.dumps(book) + "\n")
    lines = [f"rate.{number:03} = {chance.uniform(0.5, 2):.4f}" for number in range(900)]
    (folder / "shop.conf").write_text("\n".join(["name = The Slow Reader", *lines]) + "\n")
    for number in range(THEMES):
        (folder / "themes" / f"{number:02}").mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        (folder / "themes" / f"{THEMES - 1:02}" / f"{part}.html").write_text(
            f"<section class={part}>{{shop}}: <a href=/book/{{id}}>{{title}}</a> {{price}}</section>\n" * 4
        )
    with (folder / "ledger.bin").open("wb") as ledger:
        for _ in range(SALES):
            ledger.write(RECORD.pack(chance.randrange(12), chance.randrange(1, 9), chance.getrandbits(40)))
    (folder / "complete").touch()
