# expect: pattern=process-churn bench
"""The intake of a subtitling house: translators mail their files in the encoding that their program happens to use;
they are brought to one, and each cue is checked for reading speed, length of line, gaps and forbidden signs.

Measured: a file takes 8.9 ms; 1.0 ms in the twin.
"""

import os
import random
import re
import subprocess
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.03  # seconds between two attachments
CUES = 26
MOST_SIGNS = 42  # in a line
MOST_SPEED = 17  # signs a second
LEAST_GAP = 83  # milliseconds: two pictures

TIMES = re.compile(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})")
TAGS = re.compile(r"</?[ibu]>|\{\\an\d\}")

WORDS = {
    ("ces", "CP1250"): "že tak už jsem říkal dveře noc světlo včera někdo přišel neviděl město zůstaň dítě",
    ("rus", "CP1251"): "что это был дом вчера никто не видел город останься ребёнок дверь ночь свет",
    ("deu", "ISO-8859-1"): "dass ich gestern niemanden gesehen habe für die Tür Nacht Licht schön bleib größer",
    ("ell", "ISO-8859-7"): "δεν είδα κανέναν χθες το σπίτι η πόλη μείνε παιδί πόρτα νύχτα φως",
    ("jpn", "SHIFT_JIS"): "昨日 誰も いない 町 夜 光 扉 子供 ここに いて 言った もう 家",
    ("fra", "UTF-16LE"): "je n’ai vu personne hier la porte nuit lumière reste là déjà enfant été",
}


@dataclass
class Attachment:
    title: str
    language: str
    encoding: str
    content: bytes


@dataclass
class Cue:
    number: int
    begin: int
    end: int
    lines: list

    def signs(self):
        return sum(len(line) for line in self.lines)


@dataclass
class Report:
    title: str
    language: str
    cues: int = 0
    faults: Counter = field(default_factory=Counter)

    def line(self):
        told = ", ".join(f"{count} {fault}" for fault, count in sorted(self.faults.items()))
        return f"{self.title} [{self.language}] {self.cues} cues: {told or 'clean'}"


def stamp(milliseconds):
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"


def translate(chance, words):
    """A reel as a translator would send it."""
    at, blocks = 12_000, []
    for number in range(1, CUES + 1):
        lines = [" ".join(chance.choices(words, k=chance.randint(2, 8))) for _ in range(chance.randint(1, 2))]
        if chance.random() < 0.1:
            lines[0] = f"<i>{lines[0]}</i>"
        end = at + chance.randint(1200, 5200)
        blocks.append(f"{number}\r\n{stamp(at)} --> {stamp(end)}\r\n" + "\r\n".join(lines))
        at = end + chance.choice((40, 120, 900, 2600))
    return "\r\n\r\n".join(blocks) + "\r\n"


class Mailbox:
    """The attachments of the day, as the mail gateway hands them over."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self.waiting = deque()
        for reel in range(8):
            for (language, encoding), words in WORDS.items():
                content = translate(chance, words.split()).encode(encoding)
                self.waiting.append(Attachment(f"reel {reel + 1}", language, encoding, content))

    def next(self):
        self.waiting.rotate(-1)
        return self.waiting[-1]


def to_text(attachment):
    command = ["iconv", "-f", attachment.encoding, "-t", "UTF-8"]
    done = subprocess.run(command, input=attachment.content, capture_output=True, check=True)  # <- cost
    return done.stdout.decode()


def milliseconds(hours, minutes, seconds, rest):
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest)


def cues(text):
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        number, times, *lines = block.split("\n")
        found = TIMES.fullmatch(times)
        if found:
            parts = found.groups()
            lines = [TAGS.sub("", line) for line in lines]
            yield Cue(int(number), milliseconds(*parts[:4]), milliseconds(*parts[4:]), lines)


def check(attachment):
    report = Report(attachment.title, attachment.language)
    before = None
    for cue in cues(to_text(attachment)):  # <- cost
        report.cues += 1
        if any(len(line) > MOST_SIGNS for line in cue.lines):
            report.faults["too long"] += 1
        if cue.signs() * 1000 > MOST_SPEED * (cue.end - cue.begin):
            report.faults["too fast"] += 1
        if before and cue.begin - before.end < LEAST_GAP:
            report.faults["gap too small"] += 1
        before = cue
    return report


def main():
    mailbox = Mailbox(seed=29)
    reports = deque(maxlen=48)
    spent, files = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="intake-") as folder:
        print("ready", os.getpid(), flush=True)
        due = time.monotonic()
        while True:
            attachment = mailbox.next()
            began = time.monotonic()
            reports.append(check(attachment))  # <- cost
            spent += time.monotonic() - began
            files += 1
            if files % 100 == 0:
                told = [f"{files} files, {1000 * spent / files:.2f} ms each", *(each.line() for each in reports)]
                (Path(folder) / "intake.txt").write_text("\n".join(told))
            due = max(due + EVERY, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
