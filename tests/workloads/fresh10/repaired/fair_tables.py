# expect: healthy bench
"""Deals poker online: before each hand the house asks for the device and the line of everybody at the table, so that two
accounts of one person do not sit together; then the cards are dealt, bets go round, and the best hand takes the pot.

Measured: a table is checked in 22 to 35 ms, in the time of one answer; in the problem in 170 to 200 ms.
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

SEATS = 8
TABLES = 3
HAND_EVERY = 0.4


def account(path):
    """The house's account service, elsewhere: it looks into the log of sign-ins."""
    time.sleep(0.018)
    number = int(path.rpartition("/")[2])
    return json.dumps({"player": number, "device": f"d{number * 7919 % 9973}", "line": number * 31 % 251}).encode()


class Accounts:
    """Asks the account service, on connections that are kept."""

    def __init__(self, port):
        self._port = port
        self._idle = deque()

    async def of(self, player):
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET /sign-in/{player} HTTP/1.1\r\nHost: accounts\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(size)
        self._idle.append((reader, writer))
        return json.loads(body)


def strength(cards):
    """How good five cards are: the more of a kind the better, then the higher."""
    counts = Counter(card // 4 for card in cards)
    order = sorted(counts, key=lambda rank: (counts[rank], rank), reverse=True)
    flush = len({card % 4 for card in cards}) == 1
    straight = len(counts) == 5 and max(counts) - min(counts) == 4
    kinds = sorted(counts.values(), reverse=True)
    if straight and flush:
        return 8, order
    if kinds[0] == 4:
        return 7, order
    if kinds[:2] == [3, 2]:
        return 6, order
    if flush or straight:
        return 5 if flush else 4, order
    return {3: 3, 2: 1 + (kinds[1] == 2), 1: 0}[kinds[0]], order


@dataclass
class Table:
    number: int
    players: list
    chips: dict = field(default_factory=dict)
    hands: int = 0
    checking: float = 0.0

    def deal(self, chance):
        deck = chance.sample(range(52), 2 * SEATS + 5)
        board = deck[-5:]
        return {player: (deck[2 * seat], deck[2 * seat + 1]) for seat, player in enumerate(self.players)}, board

    def settle(self, pot, pockets, board, staying):
        def best(player):
            return max(strength(five) for five in combinations((*pockets[player], *board), 5))

        winner = max(staying, key=best)
        self.chips[winner] += pot
        return winner


class House:
    def __init__(self, accounts):
        self._accounts = accounts
        self._chance = random.Random(52)
        self.moved = 0
        self.tables = [self._open(number) for number in range(TABLES)]

    def _open(self, number):
        table = Table(number, [self._stranger() for _ in range(SEATS)])
        table.chips = dict.fromkeys(table.players, 500)
        return table

    def _stranger(self):
        """Somebody from the list of those who wait for a seat."""
        return self._chance.randint(1000, 99999)

    async def check(self, table):
        """The players that may not sit here: on a device, or a line, that another one at the table uses."""
        seen, doubtful = {}, []
        sign_ins = await asyncio.gather(*(self._accounts.of(player) for player in table.players))
        for player, sign_in in zip(table.players, sign_ins, strict=True):
            for key in (("device", sign_in["device"]), ("line", sign_in["line"])):
                if seen.setdefault(key, player) != player:
                    doubtful.append(player)
                    break
        return doubtful

    def _replace(self, table, player):
        seat = table.players.index(player)
        table.players[seat] = self._stranger()
        table.chips[table.players[seat]] = table.chips.pop(player)
        self.moved += 1

    async def hand(self, table):
        began = time.monotonic()
        for player in await self.check(table):
            self._replace(table, player)
        table.checking += time.monotonic() - began
        pockets, board = table.deal(self._chance)
        pot, staying = 0, list(table.players)
        for _ in range(3):  # bets go round; somebody thinks
            await asyncio.sleep(0.02)
            if len(staying) > 2:
                staying.remove(self._chance.choice(staying))
            for player in staying:
                bet = min(5, table.chips[player])
                table.chips[player] -= bet
                pot += bet
        table.settle(pot, pockets, board, staying)
        table.hands += 1
        for player in [player for player in table.players if table.chips[player] == 0]:
            table.chips[player] = 500  # buys in again

    async def run(self, table):
        due = time.monotonic() + table.number * HAND_EVERY / TABLES
        while True:
            await asyncio.sleep(due - time.monotonic())
            await self.hand(table)
            due = max(due + HAND_EVERY, time.monotonic())

    async def board(self):
        """What the lobby shows."""
        while True:
            await asyncio.sleep(2)
            hands = sum(table.hands for table in self.tables)
            took = sum(table.checking for table in self.tables) / max(hands, 1)
            print(f"{hands} hands, {1000 * took:.0f} ms to check a table, {self.moved} moved", flush=True)


async def main():
    house = House(Accounts(services.http_service(account)))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(house.board(), *(house.run(table) for table in house.tables))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
