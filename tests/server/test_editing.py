"""Changes of text: exact, and nothing else of the file changes by a byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.editing.exact import replaced
from perfdoctor.server.editing.patch import patched
from perfdoctor.server.editing.shown import diff_of
from perfdoctor.server.editing.text import decode, encode


def exact(data: bytes, *edits: tuple[str, str]) -> bytes:
    text = decode(data)
    assert text is not None
    return encode(replaced(text, edits), text)


def patch(data: bytes, diff: str, name: str = "a.py") -> bytes:
    text = decode(data)
    assert text is not None
    return encode(patched(text, diff, name), text)


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        (b"a\nb\nc\n", ("b", "x\ny"), b"a\nx\ny\nc\n"),
        (b"a\r\nb\r\nc\r\n", ("b", "x\ny"), b"a\r\nx\r\ny\r\nc\r\n"),
        (b"a\r\nb\r\nc\r\n", ("a\nb", "x\ny\nz"), b"x\r\ny\r\nz\r\nc\r\n"),
        (b"a\r\nb\r\nc", ("b\r\nc", "x"), b"a\r\nx"),
        (b"a\r\nb\nc\nd\n", ("a\nb", "x\ny"), b"x\r\ny\nc\nd\n"),  # mixed: as in the text that it replaces
        (b"a\r\nb\nc\nd\n", ("b\nc", "x\ny"), b"a\r\nx\ny\nd\n"),
        (b"a\rb\rc\r", ("a\nb", "x\ny"), b"x\ry\rc\r"),
        (b"a\nb", ("b", "x"), b"a\nx"),  # no line end at the end
        (b"\xef\xbb\xbfa\nb\n", ("a", "\u00e4"), b"\xef\xbb\xbf\xc3\xa4\nb\n"),
        (b"caf\xe9\nb\n", ("b", "\u00e4"), b"caf\xe9\n\xe4\n"),
        (b"a\x0cb\rc\n", ("c", "d"), b"a\x0cb\rd\n"),  # other controls are no line ends
        ("s = '\u2028'\nb\n".encode(), ("b", "c"), "s = '\u2028'\nc\n".encode()),
        (b"a\n", ("a\n", ""), b""),
    ],
)
def test_exact_edits_keep_all_else(before: bytes, edit: tuple[str, str], after: bytes) -> None:
    assert exact(before, edit) == after


def test_edits_follow_each_other() -> None:
    assert exact(b"a\nb\n", ("a", "b2"), ("b2\nb", "c")) == b"c\n"


@pytest.mark.parametrize(
    ("before", "edit", "why"),
    [
        (b"a\nb\n", ("c", "d"), "not in the file"),
        (b"if x:\n    y()\n", ("if x:\n  y()", "z"), "at line 1"),
        (b"a\nb\na\n", ("a", "c"), "lines 1, 3"),
        (b"aaa", ("aa", "b"), "more than once"),  # one inside the other
        (b"caf\xe9\n", ("caf", "\u20ac"), "no place"),
    ],
)
def test_what_is_not_clear_is_refused(before: bytes, edit: tuple[str, str], why: str) -> None:
    with pytest.raises(ProblemError) as caught:
        exact(before, edit)
    assert why in str(caught.value)


def test_binary_data_is_no_text() -> None:
    assert decode(b"\x7fELF\0") is None
    assert decode("a\n".encode("utf-16")) is None


TEN = b"".join(b"line %d\n" % n for n in range(1, 11))


@pytest.mark.parametrize(
    ("before", "diff", "after"),
    [
        (TEN, "@@ -2,3 +2,3 @@\n line 2\n-line 3\n+new\n line 4\n", TEN.replace(b"line 3\n", b"new\n")),
        # Its numbers are wrong, and its lines are there once.
        (TEN, "@@ -7,9 +99,1 @@\n line 2\n-line 3\n+new\n line 4\n", TEN.replace(b"line 3\n", b"new\n")),
        (TEN, "--- a/x/a.py\t2026\n+++ b/x/a.py\n@@ -1 +1 @@\n-line 1\n+new\n", TEN.replace(b"line 1\n", b"new\n")),
        (TEN, "diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-line 1\n+new",
         TEN.replace(b"line 1\n", b"new\n")),
        (TEN, "@@ -1 +1,2 @@\n line 1\n+a\n\n@@ -9,2 +10 @@\n line 9\n-line 10\n",
         TEN.replace(b"line 1\n", b"line 1\na\n", 1).replace(b"line 10\n", b"")),
        (TEN, "@@ -4,0 +5,1 @@\n+new\n", TEN.replace(b"line 4\n", b"line 4\nnew\n")),
        (TEN.replace(b"\n", b"\r\n"), "@@ -2,2 +2,2 @@\n line 2\n-line 3\n+new\n",
         TEN.replace(b"line 3\n", b"new\n").replace(b"\n", b"\r\n")),
        (TEN.replace(b"\n", b"\r\n"), "@@ -2,2 +2,2 @@\r\n line 2\r\n-line 3\r\n+new\r\n",
         TEN.replace(b"line 3\n", b"new\n").replace(b"\n", b"\r\n")),
        (b"a\rb\r", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", b"a\rc\r"),
        # The end of a file without a line end.
        (b"a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", b"a\nc"),
        (b"a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n", b"a\nc"),
        (b"a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n", b"a\nc\n"),
        (b"a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n", b"a\nc"),
        (b"a\nb", "@@ -1,2 +1,3 @@\n a\n b\n+c\n", b"a\nb\nc"),
        (b"", "@@ -0,0 +1,2 @@\n+a\n+b\n", b"a\nb\n"),
        (b"-- x\n", "@@ -1 +1 @@\n--- x\n+-- y\n", b"-- y\n"),
        (b"a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", b"a\n\nc\n"),  # editors cut the blank off an empty line
    ],
)  # fmt: skip
def test_diffs(before: bytes, diff: str, after: bytes) -> None:
    assert patch(before, diff) == after


@pytest.mark.parametrize(
    ("diff", "why"),
    [
        ("@@ -2,2 +2,2 @@\n line 2\n-line 4\n+new\n", "nowhere"),
        ("@@ -1 +1 @@\n-same\n+new\n@@ -1 +1 @@\n-same\n+new\n", "nowhere"),
        ("", "no hunk"),
        ("line 2\n", "Before its first hunk"),
        ("@@ -1 +1 @@\n-line 1\n*line\n", "begins with '*'"),
        ("--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-line 1\n", "makes or removes"),
        ("--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n", "makes or removes"),
        ("--- a/../b.py\n+++ b/../b.py\n@@ -1 +1 @@\n-line 1\n+x\n", "of a file"),
        ("rename from a.py\nrename to b.py\n@@ -1 +1 @@\n-line 1\n+x\n", "more than change lines"),
        ("new file mode 100755\n@@ -0,0 +1 @@\n+x\n", "more than change lines"),
        ("Binary files differ\n", "more than change lines"),
        (
            "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-line 1\n+x\n--- a/c.py\n+++ b/c.py\n@@ -1 +1 @@\n-a\n+b\n",
            "several files",
        ),
        ("@@ -1 +1 @@\n-line 1\n+x\ndiff --git a/c.py b/c.py\n@@ -1 +1 @@\n-a\n+b\n", "several files"),
    ],
)
def test_diffs_that_do_not_fit(diff: str, why: str) -> None:
    with pytest.raises(ProblemError) as caught:
        patch(TEN, diff)
    assert why in str(caught.value)


def test_two_places_are_not_guessed_and_the_numbers_decide() -> None:
    twice = b"a\nb\nc\na\nb\nd\n"
    assert patch(twice, "@@ -4,2 +4,2 @@\n a\n-b\n+x\n") == b"a\nb\nc\na\nx\nd\n"
    with pytest.raises(ProblemError, match="lines 1, 4"):
        patch(twice, "@@ -3,2 +3,2 @@\n a\n-b\n+x\n")


LINES = st.lists(st.sampled_from(["a", "b", "", "  c", "\u00e4", "-x", "+y"]), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(LINES, LINES, ENDS, st.booleans())
def test_the_diff_that_is_shown_can_be_applied(old: list[str], new: list[str], end: str, ended: bool) -> None:
    """What people see is what is done: applied to the old text, the diff shown gives the new one."""
    before = end.join(old) + (end if ended and old else "")
    after = end.join(new) + (end if ended and new else "")
    text = decode(before.encode())
    assert text is not None and encode(text.text, text) == before.encode()
    shown = diff_of(before, after)
    if text.text.splitlines() == after.splitlines() or not old or not new or text.newline != end:
        return
    if before.endswith(end) != after.endswith(end):  # (lines are shown, not whether the last of them ends)
        return
    assert patched(text, "\n".join(shown.lines), "a").splitlines() == after.splitlines()


@given(st.binary(max_size=60))
def test_any_text_comes_back_as_it_was(data: bytes) -> None:
    text = decode(data)
    assert text is None or encode(text.text, text) == data


def test_a_long_change_is_told_in_short() -> None:
    shown = diff_of("a\n" * 50_000, "b\n" * 40_000)
    assert (shown.added, shown.removed) == (40_000, 50_000) and len(shown.lines) == 1
    assert diff_of("a\n", "a").lines and diff_of("a\r\n", "a\n").lines == ("@@ only line ends differ @@",)
    hostile = diff_of("a\n", "b\x1b[2J" + "x" * 1000 + "\n")
    assert "\x1b" not in "".join(hostile.lines) and max(map(len, hostile.lines)) < 300
