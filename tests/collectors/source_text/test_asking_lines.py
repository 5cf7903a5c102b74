"""The line in which a program of Node.js asks, by its text."""

import pytest

from perfdoctor.collectors.source_text.asking.asking_lines import answering, asking, awaited, connecting
from perfdoctor.collectors.source_text.sources import Source

ASKS = {
    "http.get": ("function quote(day) {\n  http.get({ port, path: `/quote/${day}` }, take);\n}", [(2, "quote")]),
    "fetch": ("const page = async (n) => {\n  const got = await fetch(`/page/${n}`);\n};", [(2, "page")]),
    "a client": ("class A {\n  ask() {\n    return axios.post(url, body);\n  }\n}", [(3, "ask")]),
    "a client of undici, beside plain http": (
        "const { Pool } = require('undici');\nclass Depot {\n constructor(url) { this.pool = new Pool(url); }\n"
        " article(path) {\n  return this.pool.request({ path });\n }\n}\n"
        "function load(port) {\n  http.request({ port });\n}",
        [(5, "article")],
    ),
    "a function of undici": (
        "const { Agent, request } = require('undici');\nasync function get(route) {\n return request(route);\n}\n"
        "http.get({ port });",
        [(3, "get")],
    ),
    "a function of undici, by import": (
        "import { request, fetch } from 'undici';\nfetch(a);",
        [(2, "(anonymous)")],
    ),
    "a function of that name of the program": (
        "const { Agent } = require('undici');\nfunction request(a) {}\nrequest(a);",
        [],
    ),
    "two lines": ("fetch(a);\nfetch(b);", [(1, "(anonymous)"), (2, "(anonymous)")]),
    "a server": ("http.createServer((request, response) => {\n  map.get(request.url);\n});", []),
    "a method of that name": ("cache.fetch(key);\nstore.get(key);", []),
    "a comment and a text": ("// fetch(a)\nconst s = 'fetch(a)';", []),
}


@pytest.mark.parametrize("name", ASKS)
def test_calls_of_clients_are_found(name: str) -> None:
    text, found = ASKS[name]
    assert list(asking(Source("/srv/app.js", text.encode()))) == found


ANSWERS = {
    "a body": ("function answer(request, response) {\n  response.end(body);\n}", [(2, "answer")]),
    "behind its head": ("const send = (res) => {\n  res.writeHead(200).end(body);\n};", [(2, "send")]),
    "Express": ("app.get('/', (req, res) => {\n  res.json(rows);\n});", [(2, "(anonymous)")]),
    "a file": ("function give(file, response) {\n  file.pipe(response);\n}", [(2, "give")]),
    "no body": ("function answer(request, response) {\n  response.writeHead(404).end();\n  response.end();\n}", []),
    "another's end": ("socket.end(text);\nstream.pipe(packed);", []),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_bodies_of_answers_are_found(name: str) -> None:
    text, found = ANSWERS[name]
    assert list(answering(Source("/srv/app.js", text.encode()))) == found


def test_lines_that_open_a_connection_are_found() -> None:
    text = (
        "const net = require('net');\nfunction ask(q) {\n  const line = net.connect(address, () => line.write(q));\n}\n"
    )
    assert list(connecting(Source("/srv/app.js", text.encode()))) == [(3, "ask")]
    assert list(connecting(Source("/srv/app.js", b"database.connect();\nsocket.connect(5);"))) == []


HANDLERS = """class Stock {
  async of(tour) {
    return (await fetch(`/stock/${tour}`)).json();
  }
}
async function wishes(list) {
  for (const wish of list) {
    found.push(await stock.of(wish.tour));
  }
}
async function one(tour) {
  return reply(await stock.of(tour));
}
const lists = wishLists.of(guest);
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("", ""), 8),
        (("found.push(await stock.of(wish.tour))", "asked.push(stock.of(wish.tour))"), None),
        (("return reply(await stock.of(tour))", "for (;;) await stock.of(tour)"), None),
    ],
    ids=["one in a loop", "all at once", "two in loops"],
)
def test_the_line_that_awaits_in_a_loop_is_found_if_it_is_the_only_one(
    change: tuple[str, str], line: int | None
) -> None:
    source = Source("/srv/app.js", HANDLERS.replace(*change).encode())
    found = awaited("of", [("/srv/app.js", source)])
    assert (found.line if found else None) == line
    assert found is None or found.function == "wishes"


BRIEF = """async function brief(patient) {
  const person = await persons.get(`/persons/${patient}`);
  const plan = await plans.get(`/plans/${patient}`);
  const letters = await mail.get(`/letters/${patient}`);
  return { person, plan, letters };
}
async function status() {
  return await plans.get('/status');
}
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("", ""), 2),
        (("const plan = await", "const plan ="), None),
        (("return { person", "for (const day of days) await mail.get(day);\n  return { person"), 5),
        (("return await plans.get('/status');", "for (;;) await plans.get('/status');"), None),
    ],
    ids=["several lines", "two of them at once", "a loop beside them", "in two functions"],
)
def test_lines_that_await_one_after_the_other_are_found_at_the_first(change: tuple[str, str], line: int | None) -> None:
    source = Source("/srv/app.js", BRIEF.replace(*change).encode())
    found = awaited("get", [("/srv/app.js", source)])
    assert (found.line if found else None) == line


def test_two_lines_of_one_loop_are_no_two_places() -> None:
    text = "async function cards(n) {\n  while (n--) {\n    await back.get(a);\n    await back.get(b);\n  }\n}\n"
    found = awaited("get", [("/srv/app.js", Source("/srv/app.js", text.encode()))])
    assert found is not None and found.line == 3
