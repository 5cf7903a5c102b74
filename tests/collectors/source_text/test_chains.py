"""Requests of which each needs the last one's answer are told from those that do not."""

import pytest

from perfdoctor.collectors.source_text.asking.chains import is_asked_in_a_chain, is_chained
from perfdoctor.collectors.source_text.sources import Source

CHAINED = {
    "a member that says the next page": (
        ".py",
        "class A:\n  def run(self):\n    while True:\n      self.line.request('GET', self.page)  # <-\n"
        "      told = json.loads(self.line.getresponse().read())\n      self.page = told['next']",
    ),
    "back along a line": (
        ".js",
        "async function owners(source, at) {\n for (let step = 0; step < 9; step++) {\n"
        "  const told = await source.certificate(at); // <-\n  at = told.before;\n }\n}",
    ),
    "in Go": (
        ".go",
        'package a\nfunc f(c *client, next string) {\n for next != "" {\n'
        "  page, err := c.get(next) // <-\n  if err != nil { return }\n  next = page.next\n }\n}",
    ),
}
APART = {
    "one for each of a list": (
        ".py",
        "def f(client, ids):\n  for one in ids:\n    told = client.get(one)  # <-\n    show(told)",
    ),
    "by a number that grows": (
        ".py",
        "def f(client):\n  n = 0\n  while n < 9:\n    told = client.get(n)  # <-\n    show(told)\n    n = n + 1",
    ),
    "a sum of what was told": (
        ".py",
        "def f(client, ids):\n  total = 0\n  for one in ids:\n    told = client.get(one)  # <-\n"
        "    total = total + told['price']",
    ),
    "no loop": (".py", "def f(client, page):\n  told = client.get(page)  # <-\n  page = told['next']"),
    "no code at all": (".py", "# <-"),
}


def _asked(suffix: str, text: str) -> bool:
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "<-" in each)
    return is_chained(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("name", CHAINED)
def test_each_needs_the_last_answer(name: str) -> None:
    assert _asked(*CHAINED[name])


@pytest.mark.parametrize("name", APART)
def test_each_could_be_asked_at_once(name: str) -> None:
    assert not _asked(*APART[name])


ARCHIVE = """class Archive {{
  certificate(number) {{
    return new Promise((resolve) => {{
      http.get(`/certificates/${{number}}`, resolve); // <-
    }});
  }}
}}
async function owners(archive, at, numbers) {{
  {loop} {{
    const told = await archive.certificate(at);
    {last}
  }}
}}
"""


@pytest.mark.parametrize(
    ("loop", "last", "chained"),
    [
        ("for (let step = 0; step < 9; step++)", "at = told.before;", True),
        ("for (at of numbers)", "show(told);", False),
    ],
)
def test_what_is_only_called_by_the_last_answer_is_asked_in_a_chain(loop: str, last: str, chained: bool) -> None:
    text = ARCHIVE.format(loop=loop, last=last)
    assert is_asked_in_a_chain(Source("/srv/program.js", text.encode()), 4) is chained
