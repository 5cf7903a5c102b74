# expect: pattern=chatty-protocol bench
"""A game server: moves its players, and writes to Redis what each of them won, command by command."""

import logging
import os
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import redis
import services

SIZE, PLAYERS, GUILDS = 120, 900, 15
logging.basicConfig(filename="world.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
store = redis.Redis(port=services.redis())


class Player:
    def __init__(self, number, chance):
        self.number = number
        self.guild = number % GUILDS
        self.x, self.y = chance.randrange(SIZE), chance.randrange(SIZE)
        self.dx, self.dy = chance.choice((-2, -1, 1, 2)), chance.choice((-1, 1))

    def move(self):
        self.x += self.dx
        self.y += self.dy
        if not 0 <= self.x < SIZE:
            self.dx = -self.dx
            self.x += 2 * self.dx
        if not 0 <= self.y < SIZE:
            self.dy = -self.dy
            self.y += 2 * self.dy


class World:
    def __init__(self):
        chance = random.Random(11)
        self.players = [Player(number, chance) for number in range(PLAYERS)]
        self.coins = {(chance.randrange(SIZE), chance.randrange(SIZE)): 1 + n % 5 for n in range(900)}
        self._chance = chance

    def tick(self):
        """Everybody moves; (player, coins) of those who found some, which appear again elsewhere."""
        found = []
        for player in self.players:
            player.move()
            won = self.coins.pop((player.x, player.y), 0)
            if won:
                found.append((player, won))
                self.coins[self._chance.randrange(SIZE), self._chance.randrange(SIZE)] = won
        return found

    def crowded(self):
        """How many stand in each square of ten by ten."""
        count = {}
        for player in self.players:
            square = player.x // 10, player.y // 10
            count[square] = count.get(square, 0) + 1
        return count


def record(player, won):
    store.hincrby(f"player:{player.number}", "coins", won)  # <- cost
    store.zincrby("guilds", won, f"guild:{player.guild}")  # <- cost
    store.lpush(f"feed:{player.guild}", f"{player.number} won {won}")  # <- cost
    store.ltrim(f"feed:{player.guild}", 0, 49)  # <- cost


def main():
    world = World()
    print("ready", os.getpid(), flush=True)
    ticks, most, told = 0, 0, time.monotonic()
    while True:
        for player, won in world.tick():
            record(player, won)  # <- cost
        most = max(most, *world.crowded().values())
        ticks += 1
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d ticks, at most %d in one square", ticks, most)


main()
