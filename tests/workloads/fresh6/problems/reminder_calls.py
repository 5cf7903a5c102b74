# expect: pattern=excessive-stat bench
"""Plans the reminder calls of a telephone company: what each subscriber is told in the evening, as a list of recorded
prompts in the best language, voice and quality that there is for each. A prompt that nobody recorded is left out.

Measured: a call makes 129 stat calls, nine in ten of them in vain, and costs 1.3 ms of CPU (330 a second on half a
core); 0.014 ms and no stat call in the twin (25000 a second).
"""

import collections
import logging
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = {"de-CH": ("de-CH", "de", "en"), "fr-CH": ("fr-CH", "fr", "en"), "rm": ("rm", "de-CH", "de", "en")}
VOICES = ("anna", "default")
QUALITIES = (".g722", ".alaw", ".wav")
UNITS = "zero one two three four five six seven eight nine ten eleven twelve".split()
TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety".split()
PLAN_LIMIT = 30_000_000
logging.basicConfig(filename="planner.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


@dataclass(frozen=True, slots=True)
class Reminder:
    number: str
    language: str
    francs: int
    days_late: int
    kind: str


def spoken(number):
    """The prompts that say a number below 1000."""
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return [UNITS[hundreds], "hundred", *(spoken(rest) if rest else [])]
    if number < len(UNITS):
        return [UNITS[number]]
    tens, units = divmod(number, 10)
    return [TENS[tens - 1], *([UNITS[units]] if units else [])]


class PromptStore:
    """The recordings: a folder for each language and voice. Studios deliver what they have."""

    def __init__(self, root):
        self.root = Path(root)
        self.missing = collections.Counter()

    def locate(self, prompt, language):
        """The best recording of a prompt, or None."""
        for spoken_language in LANGUAGES[language]:  # <- cost
            for voice in VOICES:  # <- cost
                for quality in QUALITIES:  # <- cost
                    path = self.root / spoken_language / voice / (prompt + quality)
                    if path.exists():  # <- cost
                        return path
        self.missing[prompt] += 1
        return None


class Script:
    """What is said, by the kind of reminder."""

    def __init__(self, store):
        self.store = store

    def prompts(self, reminder):
        yield "good-evening"
        yield f"about-{reminder.kind}"
        yield "you-owe"
        yield from spoken(reminder.francs)
        yield "francs"
        if reminder.days_late > 30:
            yield "second-notice"
        yield "since"
        yield from spoken(reminder.days_late)
        yield "days"
        yield "thank-you"

    def playlist(self, reminder):
        found = (self.store.locate(prompt, reminder.language) for prompt in self.prompts(reminder))  # <- cost
        return [path for path in found if path]


class Plan:
    """The playlists of an evening, for the dialling machines; the file of the evening before is kept."""

    def __init__(self, path):
        self.path = Path(path)
        self._begin()

    def _begin(self):
        self.file, self.written = self.path.open("w", buffering=1 << 18), 0

    def add(self, reminder, playlist):
        self.written += self.file.write(f"{reminder.number};{reminder.language};{';'.join(map(str, playlist))}\n")
        if self.written > PLAN_LIMIT:
            self.file.close()
            self.path.replace(self.path.with_suffix(".old"))
            self._begin()


def record_studios(root):
    """What was delivered: English is complete, the other languages are not."""
    words = [*UNITS, *TENS, *"hundred francs days since you-owe thank-you good-evening second-notice".split()]
    words += [f"about-{kind}" for kind in ("mobile", "landline", "television")]
    for at, language in enumerate(("en", "de", "fr", "de-CH", "fr-CH", "rm")):
        folder = Path(root, language, "default" if at else "anna")
        folder.mkdir(parents=True)
        for position, word in enumerate(words):
            if (position * 7) % 6 >= at:
                (folder / f"{word}{QUALITIES[position % 2 + (at < 3)]}").write_bytes(b"\0" * 800)


def subscribers():
    chance = random.Random(41)
    for number in range(1 << 40):
        language = ("de-CH", "de-CH", "fr-CH", "rm")[number % 4]
        kind = ("mobile", "landline", "television")[number % 3]
        yield Reminder(f"07{number % 10**8:08}", language, chance.randrange(5, 1000), chance.randrange(8, 90), kind)


def main():
    record_studios("prompts")
    script = Script(PromptStore("prompts"))
    plan = Plan("evening.csv")
    print("ready", os.getpid(), flush=True)
    told, planned = time.monotonic(), 0
    for reminder in subscribers():
        plan.add(reminder, script.playlist(reminder))  # <- cost
        planned += 1
        if planned % 100 == 0 and (now := time.monotonic()) - told > 2:
            logging.info("%.0f calls a second, missing %s", planned / (now - told), script.store.missing.most_common(3))
            told, planned = now, 0


main()
