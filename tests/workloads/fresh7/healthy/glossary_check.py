# expect: healthy bench
"""Checks the translations of a bureau against the glossaries of its customers: each project's glossary comes from the
terminology service over kept connections, several at a time; then its segments are checked, and a list goes to disk.

Measured: 24 projects a second, 2 ms of CPU each, in bursts.
"""

import asyncio
import json
import logging
import os
import random
import sys
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

sys.path.append(str(Path(__file__).parents[2]))
import services

CUSTOMERS, SEGMENTS, AT_ONCE, ROUND = 150, 200, 8, 0.5
SYLLABLES = ("va", "lo", "mer", "tin", "qua", "sor", "bel", "ich", "dra", "on", "pur", "ste")
logging.basicConfig(filename="glossary.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def term(chance):
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))


def glossary(path):
    """What the service says: terms, how each is to be translated, and which words are forbidden."""
    time.sleep(0.008)
    chance = random.Random(path)
    terms = {term(chance): term(chance) + "o" for _ in range(60)}
    return json.dumps({"terms": terms, "forbidden": [term(chance) for _ in range(5)]}).encode()


@dataclass
class Project:
    number: int
    customer: int
    segments: list[tuple[str, str]]


@dataclass
class Finding:
    segment: int
    kind: str
    word: str


class Glossary:
    """The rules of a customer."""

    def __init__(self, terms, forbidden):
        self._terms = terms
        self._forbidden = frozenset(forbidden)

    def check(self, number, source, target):
        words = set(target.split())
        for word in source.split():
            if word in self._terms and self._terms[word] not in words:
                yield Finding(number, "term", word)
        for word in words & self._forbidden:
            yield Finding(number, "forbidden", word)


class Glossaries:
    """Asks the service; the newest glossaries are kept, since projects of a customer come in rows."""

    def __init__(self, session, most=64):
        self._session, self._most = session, most
        self._kept = OrderedDict()
        self._free = asyncio.Semaphore(AT_ONCE)

    async def of(self, customer):
        if customer in self._kept:
            self._kept.move_to_end(customer)
            return await self._kept[customer]
        asked = self._kept[customer] = asyncio.ensure_future(self._ask(customer))
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        try:
            return await asked
        except aiohttp.ClientError:
            self._kept.pop(customer, None)
            raise

    async def _ask(self, customer):
        async with self._free, self._session.get(f"/glossaries/{customer}") as answer:
            answer.raise_for_status()
            return Glossary(**await answer.json())


@dataclass
class Totals:
    projects: int = 0
    spent: float = 0.0
    kinds: Counter = field(default_factory=Counter)


class Inspector:
    def __init__(self, glossaries, folder):
        self._glossaries, self._folder = glossaries, folder
        self.totals = Totals()

    async def inspect(self, project):
        rules = await self._glossaries.of(project.customer)
        began = time.perf_counter()
        findings = [
            finding
            for number, (source, target) in enumerate(project.segments)
            for finding in rules.check(number, source, target)
        ]
        text = "".join(f"{one.segment}\t{one.kind}\t{one.word}\n" for one in findings)
        await asyncio.to_thread((self._folder / f"{project.customer}.tsv").write_text, text, encoding="utf-8")
        self.totals.projects += 1
        self.totals.kinds.update(finding.kind for finding in findings)
        self.totals.spent += time.perf_counter() - began


def projects(chance, count=12):
    """The projects that came in since the last round."""
    vocabulary = [term(chance) for _ in range(300)]
    for customer in chance.sample(range(CUSTOMERS), count):
        texts = [" ".join(chance.choices(vocabulary, k=12)) for _ in range(SEGMENTS)]
        yield Project(chance.randrange(1 << 30), customer, [(text, text.replace("va", "wa")) for text in texts])


async def main():
    base = f"http://127.0.0.1:{services.http_service(glossary)}"
    folder = Path("findings")
    folder.mkdir(exist_ok=True)
    chance = random.Random(8)
    async with aiohttp.ClientSession(base, timeout=aiohttp.ClientTimeout(total=10)) as session:
        inspector = Inspector(Glossaries(session), folder)
        print("ready", os.getpid(), flush=True)
        while True:
            due = time.monotonic() + ROUND
            async with asyncio.TaskGroup() as group:
                for project in projects(chance):
                    group.create_task(inspector.inspect(project))
            totals = inspector.totals
            each = 1000 * totals.spent / totals.projects
            logging.info("%d projects, %.2f ms each, %s", totals.projects, each, dict(totals.kinds))
            await asyncio.sleep(max(0.0, due - time.monotonic()))


asyncio.run(main())
