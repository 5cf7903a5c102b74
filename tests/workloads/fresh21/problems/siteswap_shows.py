# expect: pattern=repeated-computation bench
# Helps jugglers to put a show together: the prop box of a circus asks by datagram how to get from one pattern to the
# next (siteswap notation: each digit is the height of a throw) under the roof of the tent, and is told the shortest
# run of throws that leads over, and how hard it is.
#
# Plain Python: one socket, one loop, no framework. What lies between two patterns is searched in the graph of the
# states a juggler's hands may be in: which of the next beats a club will come down on.
#
# Measured: 200 questions a second in both, 0.28 of a core (the graph takes 0.5 to 2.8 ms, the search 0.01); in the twin
# 0.016.
import json
import logging
import math
import os
import random
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass
from itertools import combinations

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

log = logging.getLogger("siteswap_shows")

BEAT = 0.28  # seconds from one throw to the next
HAND = 14  # decimetres above the ground
HIGHEST = 12
DIGITS = "0123456789abcdefghi"
REPERTOIRE = {
    3: ["3", "51", "441", "531", "423"],
    4: ["4", "53", "71", "633", "552", "7531"],
    5: ["5", "744", "645", "97531", "91", "66661", "75751"],
    6: ["6", "75", "b1", "864", "774", "9555"],
}
TENTS = {"big top": 62, "winter barn": 58, "market hall": 51, "school": 39}  # decimetres under the roof
QUESTIONS_A_SECOND = 200


class Unjugglable(ValueError):
    pass


@dataclass(frozen=True)
class Pattern:
    text: str
    throws: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        try:
            throws = tuple(DIGITS.index(digit) for digit in text)
        except ValueError as error:
            raise Unjugglable(f"{text!r} is not siteswap") from error
        period = len(throws)
        if not period or len({(at + throw) % period for at, throw in enumerate(throws)}) < period:
            raise Unjugglable(f"two clubs of {text} come down at the same time")
        return cls(text, throws)

    @property
    def clubs(self) -> int:
        return sum(self.throws) // len(self.throws)

    def entry(self, height: int) -> str:
        """The state from which the pattern can begin: the beats on which clubs thrown before come down."""
        period = len(self.throws)
        beats = ["-"] * height
        for before in range(-height, 0):
            lands = before + self.throws[before % period]
            if lands >= 0:
                beats[lands] = "x"
        return "".join(beats)


def roof_limit(decimetres: int) -> int:
    """The highest throw under a roof: a club needs (t/2)²g/2 for t seconds in the air."""
    room = (decimetres - HAND) / 10
    seconds = 2 * math.sqrt(2 * room / 9.81)
    return min(HIGHEST, int(seconds / BEAT * 1.75))


def throws_from(state: str) -> list[tuple[int, str]]:
    after = state[1:] + "-"
    if state[0] == "-":
        return [(0, after)]
    steps = []
    for beat, landing in enumerate(after):
        if landing == "-":
            steps.append((beat + 1, after[:beat] + "x" + after[beat + 1 :]))  # <- cost
    return steps


def state_graph(clubs: int, height: int) -> dict[str, list[tuple[int, str]]]:
    """Each state of so many clubs under such a roof, with the throws that lead on."""
    graph = {}
    for beats in combinations(range(height), clubs):
        state = "".join("x" if beat in beats else "-" for beat in range(height))  # <- cost
        graph[state] = throws_from(state)  # <- cost
    return graph


def shortest(graph, begin: str, end: str) -> list[int]:
    """The throws of the shortest way from one state to another."""
    if begin == end:
        return []
    came = {begin: None}
    ahead = deque([begin])
    while ahead:
        state = ahead.popleft()
        for throw, after in graph[state]:
            if after in came:
                continue
            came[after] = (throw, state)
            if after == end:
                return walked(came, end)
            ahead.append(after)
    raise Unjugglable("these patterns cannot follow each other")


def walked(came, state: str) -> list[int]:
    throws = []
    while came[state] is not None:
        throw, state = came[state]
        throws.append(throw)
    return throws[::-1]


class ShowPlanner:
    def __init__(self, tents):
        self.tents = tents
        self.hardest = 0.0

    def height_in(self, tent: str, *patterns: Pattern) -> int:
        try:
            height = roof_limit(self.tents[tent])
        except KeyError as error:
            raise Unjugglable(f"no tent {tent!r}") from error
        if height < max(max(pattern.throws) for pattern in patterns):
            raise Unjugglable(f"the roof of the {tent} is too low")
        return height

    def lead_over(self, tent: str, first: Pattern, then: Pattern) -> dict:
        if first.clubs != then.clubs:
            raise Unjugglable(f"{first.text} and {then.text} have different numbers of clubs")
        height = self.height_in(tent, first, then)
        graph = state_graph(first.clubs, height)  # <- cost
        throws = shortest(graph, first.entry(height), then.entry(height))
        hard = self.difficulty(first, throws, then)
        self.hardest = max(self.hardest, hard)
        return {
            "first": first.text,
            "then": then.text,
            "over": "".join(DIGITS[throw] for throw in throws),
            "beats": len(throws),
            "seconds": round(len(throws) * BEAT, 2),
            "difficulty": hard,
        }

    @staticmethod
    def difficulty(first: Pattern, throws: list[int], then: Pattern) -> float:
        run = [*first.throws, *throws, *then.throws]
        jumps = [abs(after - before) for before, after in zip(run, run[1:])]
        return round(sum(jump**1.5 for jump in jumps) / max(1, len(jumps)) + max(run) / 3, 2)

    def answer(self, datagram: bytes) -> dict:
        try:
            asked = json.loads(datagram)
            first, then = Pattern.parse(asked["first"]), Pattern.parse(asked["then"])
            return {"id": asked["id"], **self.lead_over(asked["tent"], first, then)}
        except Unjugglable as error:
            return {"id": asked["id"], "error": str(error)}
        except (ValueError, KeyError, TypeError) as error:
            log.warning("not a question: %s", error)
            return {"error": "not a question"}


def serve(line: socket.socket, planner: ShowPlanner) -> None:
    while True:
        datagram, asker = line.recvfrom(4096)
        line.sendto(json.dumps(planner.answer(datagram)).encode(), asker)


def prop_box(port: int) -> None:
    chance = random.Random(11)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", port))
        line.settimeout(2)
        due, number = time.monotonic(), 0
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1 / QUESTIONS_A_SECOND, time.monotonic() - 1)
            first, then = chance.sample(REPERTOIRE[chance.choice((4, 5, 5, 6, 6))], 2)
            tent = chance.choice(("big top", "winter barn", "market hall"))
            line.send(json.dumps({"id": number, "tent": tent, "first": first, "then": then}).encode())
            try:
                line.recv(4096)
            except TimeoutError:
                log.warning("no answer to question %d", number)
            number += 1


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
        outside(lambda: prop_box(port))
        print(f"ready {os.getpid()}", flush=True)
        serve(line, ShowPlanner(TENTS))


if __name__ == "__main__":
    main()
