"""The line in which a program of Node.js asks, by its text."""

import pytest

from perfdoctor.collectors.runtimes.asking_lines import asking
from perfdoctor.collectors.runtimes.sources import Source

ASKS = {
    "http.get": ("function quote(day) {\n  http.get({ port, path: `/quote/${day}` }, take);\n}", [(2, "quote")]),
    "fetch": ("const page = async (n) => {\n  const got = await fetch(`/page/${n}`);\n};", [(2, "page")]),
    "a client": ("class A {\n  ask() {\n    return axios.post(url, body);\n  }\n}", [(3, "ask")]),
    "two lines": ("fetch(a);\nfetch(b);", [(1, "(anonymous)"), (2, "(anonymous)")]),
    "a server": ("http.createServer((request, response) => {\n  map.get(request.url);\n});", []),
    "a method of that name": ("cache.fetch(key);\nstore.get(key);", []),
    "a comment and a text": ("// fetch(a)\nconst s = 'fetch(a)';", []),
}


@pytest.mark.parametrize("name", ASKS)
def test_calls_of_clients_are_found(name: str) -> None:
    text, found = ASKS[name]
    assert list(asking(Source("/srv/app.js", text.encode()))) == found
