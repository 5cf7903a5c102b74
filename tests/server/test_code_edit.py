"""code-edit as a tool: off until it is wanted, shown before it is done, and taken back."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from perfdoctor.collectors import workspace_file
from perfdoctor.server.app import build
from perfdoctor.server.consent import at_shell
from perfdoctor.server.policy import LOCAL, Caller, Role
from perfdoctor.server.service import Call, Service
from perfdoctor.server.settings import Settings, load
from perfdoctor.server.tools import code_edit
from perfdoctor.server.tools.outcome import Outcome, run
from tests.server.fakes import FakeInstruments

pytestmark = pytest.mark.anyio
OLD = "def rank(rows):\r\n    return sorted(rows)\r\n"
NEW = "def rank(rows):\r\n    return rows\r\n"
DIFF = "@@ -1,2 +1,2 @@\n def rank(rows):\n-    return sorted(rows)\n+    return rows"
EDITS = [{"old": "sorted(rows)", "new": "rows"}]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "search.py").write_bytes(OLD.encode())
    return folder


def service(tmp_path: Path) -> Service:
    return Service(Settings(state=tmp_path / "state", writable_roots=(str(tmp_path / "shop"),)), FakeInstruments())


async def ask(of: Service, caller: Caller = LOCAL, **arguments: object) -> Outcome:
    return await run(code_edit.TOOL, Call(of, caller, lambda _e, _m: None), arguments)


async def test_it_is_off_until_the_operator_wants_it(tmp_path: Path, shop: Path) -> None:
    off = Service(Settings(state=tmp_path / "state"), FakeInstruments())
    refused = await ask(off, file=str(shop / "search.py"), edits=EDITS)
    assert refused.refused and "PERFDOCTOR_WRITABLE_ROOTS" in refused.text
    on = service(tmp_path)
    assert "needs operate" in (await ask(on, Caller("eve", Role.TRACE), file="search.py", edits=EDITS)).text
    assert not (await ask(on, Caller("ada", Role.OPERATE), file="search.py", edits=EDITS)).refused


async def test_a_change_is_shown_then_made_then_taken_back(tmp_path: Path, shop: Path) -> None:
    on, file = service(tmp_path), shop / "search.py"
    shown = await ask(on, file="search.py", edits=EDITS, recording="r-before")
    assert shown.structured["state"] == "shown" and file.read_bytes() == OLD.encode()
    assert shown.structured["diff"] == [
        "@@ -1,2 +1,2 @@",
        " def rank(rows):",
        "-    return sorted(rows)",
        "+    return rows",
    ]
    assert (shown.structured["encoding"], shown.structured["line_ends"]) == ("UTF-8", "CRLF")
    (apply,) = shown.structured["next"]
    assert apply["tool"] == "code-edit" and apply["arguments"]["token"] == shown.structured["token"]
    made = await ask(on, **apply["arguments"])
    assert made.structured["state"] == "applied" and file.read_bytes() == NEW.encode()
    assert "not asked: the client has no way" in made.text
    follows = {call["tool"]: call["arguments"] for call in made.structured["next"]}
    assert follows["compare"] == {"before": "r-before"} and "proc-find" in follows
    shown = await ask(on, **follows["code-edit"])
    assert shown.structured["state"] == "shown" and file.read_bytes() == NEW.encode()
    back = await ask(on, **shown.structured["next"][0]["arguments"])
    assert back.structured["state"] == "applied" and file.read_bytes() == OLD.encode()
    again = await ask(on, **follows["code-edit"])
    assert again.refused and "as it was before that change already" in again.text
    # What was taken back can be put back: the undo is a change too.
    shown = await ask(on, undo=back.structured["edit"])
    assert not (await ask(on, **shown.structured["next"][0]["arguments"])).refused
    assert file.read_bytes() == NEW.encode()


async def test_by_a_diff(tmp_path: Path, shop: Path) -> None:
    diff = f"--- a/search.py\n+++ b/search.py\n{DIFF}\n"
    on = service(tmp_path)
    shown = await ask(on, file=str(shop / "search.py"), diff=diff)
    await ask(on, **shown.structured["next"][0]["arguments"])
    assert (shop / "search.py").read_bytes() == NEW.encode()


async def test_only_what_was_shown_is_made(tmp_path: Path, shop: Path) -> None:
    on = service(tmp_path)
    token = (await ask(on, file="search.py", edits=EDITS)).structured["token"]
    other = await ask(on, file="search.py", edits=[{"old": "rank", "new": "x"}], dry_run=False, token=token)
    assert other.refused and "another change than the one that was shown" in other.text
    assert (await ask(on, file="search.py", edits=EDITS, dry_run=False, token="x" * 33)).refused
    (shop / "search.py").write_bytes(OLD.encode() + b"# theirs\r\n")
    changed = await ask(on, file="search.py", edits=EDITS, dry_run=False, token=token)
    assert changed.refused and "somebody changed it since" in changed.text
    assert (shop / "search.py").read_bytes() == OLD.encode() + b"# theirs\r\n"


async def test_a_change_since_then_is_not_undone_with_it(tmp_path: Path, shop: Path) -> None:
    on = service(tmp_path)
    shown = await ask(on, file="search.py", edits=EDITS)
    made = await ask(on, **shown.structured["next"][0]["arguments"])
    (shop / "search.py").write_bytes(NEW.encode() + b"# theirs\r\n")
    refused = await ask(on, undo=made.structured["edit"])
    assert refused.refused and "was changed again since" in refused.text
    assert made.structured["edit"] in (await ask(on, undo="e-unknown")).text
    # Where it may no longer be written, it is not, also by an id.
    elsewhere = Service(
        Settings(state=tmp_path / "state", writable_roots=(str(tmp_path / "state"),)), FakeInstruments()
    )
    (shop / "search.py").write_bytes(NEW.encode())
    assert "may not be changed" in (await ask(elsewhere, undo=made.structured["edit"])).text


async def test_a_change_is_noted_before_it_is_made_and_not_if_it_failed(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = service(tmp_path)
    shown = await ask(on, file="search.py", edits=EDITS)

    noted: list[int] = []

    def replace(_self: Any, _data: bytes) -> None:
        with closing(sqlite3.connect(tmp_path / "state" / "edits.db")) as connection:
            noted.append(connection.execute("SELECT count(*) FROM edits").fetchone()[0])
        raise workspace_file.changed("search.py")

    monkeypatch.setattr(workspace_file.WorkspaceFile, "replace", replace)
    assert (await ask(on, **shown.structured["next"][0]["arguments"])).refused
    assert noted == [1], "whoever is killed right after the change can still take it back"
    assert "Nothing was changed by code-edit so far" in (await ask(on, undo="e-unknown")).text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"file": "search.py"}, "one of edits, diff and undo"),
        ({"file": "search.py", "edits": EDITS, "diff": "x"}, "one of edits, diff and undo"),
        ({"edits": EDITS}, "give file with edits"),
        ({"file": "search.py", "undo": "e-1"}, "give file with edits"),
        ({"file": "search.py", "edits": EDITS, "dry_run": False}, "needs the token of a dry run"),
        ({"file": "search.py", "edits": EDITS, "token": "x"}, "token is for dry_run=false"),
        ({"file": "search.py", "edits": []}, "at least 1 item"),
        ({"file": "search.py", "edits": [{"old": "", "new": "x"}]}, "at least 1 character"),
        ({"file": "search.py", "edits": [{"old": "a", "new": "b", "c": 1}]}, "edits.0.c is not accepted"),
        ({"file": "search.py", "edits": "rank -> x"}, "must be a list"),
        ({"file": "search.py", "edits": [{"old": "rank", "new": "rank"}]}, "the same, to the byte"),
        ({"file": "search.py", "edits": [{"old": "rank", "new": "a\0b"}]}, "NUL character"),
        ({"file": "../x.py", "edits": EDITS}, "does not lie below"),
        ({"file": "search.py", "edits": [{"old": "rank", "new": "x" * 99_999}] * 50}, "not in the file"),
    ],
)
async def test_what_is_refused(tmp_path: Path, shop: Path, arguments: dict[str, object], why: str) -> None:
    refused = await ask(service(tmp_path), **arguments)
    assert refused.refused and why.lower() in refused.text.lower()
    assert (shop / "search.py").read_bytes() == OLD.encode()


async def test_binary_files_and_growth(tmp_path: Path, shop: Path) -> None:
    (shop / "a.bin").write_bytes(b"\x7fELF\0rank")
    assert "binary data" in (await ask(service(tmp_path), file="a.bin", edits=EDITS)).text
    (shop / "many.py").write_text("a\n")
    growing = [{"old": "a\n", "new": "a\n" + "b" * 90_000}] * 13
    assert "larger than 1 MiB" in (await ask(service(tmp_path), file="many.py", edits=growing)).text


async def test_edits_as_text_and_a_long_change(tmp_path: Path, shop: Path) -> None:
    on = service(tmp_path)
    assert not (await ask(on, file="search.py", edits='[{"old": "rank", "new": "order"}]')).refused
    long = [{"old": "rank", "new": "\n".join(f"~~~ line {n}" for n in range(300))}]
    shown = await ask(on, file="search.py", edits=long)
    assert shown.structured["omitted_lines"] > 200 and "more lines; detail=full" in shown.text
    assert (
        "edits" not in shown.structured["next"][0]["arguments"] and "same edits" in shown.structured["next"][0]["why"]
    )
    assert "~~~~diff" in shown.text, "the change cannot end its fence"


async def test_at_the_shell_the_user_has_typed_it(tmp_path: Path, shop: Path) -> None:
    on = service(tmp_path)
    shown = await ask(on, file="search.py", edits=EDITS)
    call = Call(on, LOCAL, lambda _e, _m: None, ask_user=at_shell)
    made = await run(code_edit.TOOL, call, shown.structured["next"][0]["arguments"])
    assert "the user typed the command" in made.text


def test_roots_are_absolute_folders(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert load(environment).writable_roots == ()
    assert load({**environment, "PERFDOCTOR_WRITABLE_ROOTS": "/srv/a:/srv/b"}).writable_roots == ("/srv/a", "/srv/b")
    for bad in ("shop", "/", "/srv/a:", "/proc", "~/shop"):
        with pytest.raises(Exception, match="writable_roots"):
            load({**environment, "PERFDOCTOR_WRITABLE_ROOTS": bad})


class User:
    """Answers what the client asks, and remembers it."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.answer, self.asked = ElicitResult(action=action, content=content), list[str]()  # type: ignore[arg-type]
        self.meanwhile = lambda: None

    async def __call__(self, _context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        self.meanwhile()
        return self.answer


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("user", "agrees"),
    [
        (("accept", {"agree": True}), True),
        (("accept", {"agree": False}), False),
        (("accept", {}), False),
        (("accept", None), False),
        (("decline", None), False),
        (("cancel", None), False),
    ],
)
async def test_the_user_is_asked(tmp_path: Path, shop: Path, mode: str, user: Any, agrees: bool) -> None:
    asked = User(*user)
    async with Client(build(service(tmp_path)), mode=mode, elicitation_callback=asked) as client:
        shown = (await client.call_tool("code-edit", {"file": "search.py", "edits": EDITS})).structured_content
        assert shown is not None and asked.asked == [], "a dry run asks nobody"
        made = await client.call_tool("code-edit", shown["next"][0]["arguments"])
    assert len(asked.asked) == 1
    assert "search.py (+1 -1 lines)?" in asked.asked[0] and "+    return rows" in asked.asked[0]
    if agrees:
        assert not made.is_error and "the user agreed" in made.content[0].text
        assert (shop / "search.py").read_bytes() == NEW.encode()
    else:
        assert made.is_error and "declined" in made.content[0].text
        assert (shop / "search.py").read_bytes() == OLD.encode()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_changes_while_the_user_thinks_is_not_lost(tmp_path: Path, shop: Path, mode: str) -> None:
    asked = User("accept", {"agree": True})
    asked.meanwhile = lambda: (shop / "search.py").write_bytes(b"theirs\n")  # type: ignore[assignment,func-returns-value]
    async with Client(build(service(tmp_path)), mode=mode, elicitation_callback=asked) as client:
        shown = (await client.call_tool("code-edit", {"file": "search.py", "edits": EDITS})).structured_content
        assert shown is not None
        made = await client.call_tool("code-edit", shown["next"][0]["arguments"])
    assert made.is_error and (shop / "search.py").read_bytes() == b"theirs\n"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_is_told_so(tmp_path: Path, shop: Path, mode: str) -> None:
    async with Client(build(service(tmp_path)), mode=mode) as client:
        shown = (await client.call_tool("code-edit", {"file": "search.py", "edits": EDITS})).structured_content
        assert shown is not None
        made = await client.call_tool("code-edit", shown["next"][0]["arguments"])
    assert not made.is_error and "no way to ask its user" in made.structured_content["asked"]


async def test_an_answer_to_another_question_is_no_answer(tmp_path: Path, shop: Path) -> None:
    """A client that hands in a yes without having been asked, is asked."""
    asked = User("decline")
    async with Client(build(service(tmp_path)), mode="auto", elicitation_callback=asked) as client:
        shown = (await client.call_tool("code-edit", {"file": "search.py", "edits": EDITS})).structured_content
        assert shown is not None
        yes = {"agree": ElicitResult(action="accept", content={"agree": True})}
        made = await client.call_tool("code-edit", shown["next"][0]["arguments"], input_responses=yes)
    assert made.is_error and len(asked.asked) == 1
    assert (shop / "search.py").read_bytes() == OLD.encode()
