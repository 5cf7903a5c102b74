"""The demo's fixes fit, and the fixed shop gives the same answers as the slow one."""

import json
import random
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).resolve().parent.parent.parent / "demo"

ASK = """
import json, sys
from pathlib import Path
from bookshop.data import make
from bookshop.web import Shop
make(Path(sys.argv[1]))
shop = Shop(Path(sys.argv[1]))
print(json.dumps([shop.answer(path, query) for path, query in json.loads(sys.argv[2])]))
"""


def questions() -> list[tuple[str, dict[str, str]]]:
    chance = random.Random(7)
    asked: list[tuple[str, dict[str, str]]] = [("/report", {}), ("/nothing", {}), ("/search", {"subject": "none"})]
    for _ in range(20):
        asked.append(("/search", {"subject": f"subject-{chance.randrange(240)}"}))
        asked.append((f"/book/{chance.randrange(2400)}", {}))
        books = ",".join(str(chance.randrange(2400)) for _ in range(5))
        asked.append(("/quote", {"books": books, "group": "school", "currency": f"{chance.randrange(900):03}"}))
    return asked


def answers(copy: Path, data: Path) -> object:
    command = [sys.executable, "-c", ASK, str(data), json.dumps(questions())]
    return json.loads(subprocess.run(command, cwd=copy, capture_output=True, check=True, text=True).stdout)


def test_every_planted_problem_has_a_fix_that_changes_no_answer(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DEMO))
    from patching import apply
    from run import PLANTED
    from shop import working_copy

    copy = working_copy(tmp_path)
    before = answers(copy, tmp_path / "slow")
    for pattern, (file, fragment) in PLANTED.items():
        assert fragment in (copy / "bookshop" / file).read_text()
        assert apply(DEMO / "fixes" / f"{pattern}.patch", copy).name == file
    assert answers(copy, tmp_path / "fixed") == before
