"""How often was each pattern right, asked about programs that nobody had seen?

    python bench/unseen.py

Reads what ``bench/diagnosis.py`` said of the last ten sets whose authors knew no detector, each asked once
(``bench/results/diagnosis_fresh*.md``), and prints a line for each pattern as ``diagnosis/record.py`` has it: how many
findings from warning on were the planted problem at its line, and how many were another, elsewhere, or a false alarm.
"""

import re
from collections import Counter
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
SETS = 10
_PATTERN = re.compile(r"\| ([a-z-]+) \| \d+ \(.*?\) \| \d+ \| \d+ \| (\d+) \|")  # its last column: right at its line
_WRONG = re.compile(r"- fresh\S+ .*?: expected (\S+)(?: at ([\d, ]+))?; (.*)")
_ALARM = re.compile(r"(?:critical|warning) (\S+) (\S+) \(")


def record() -> dict[str, tuple[int, int]]:
    """For each pattern: findings that were right, and that were wrong."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for report in sorted(RESULTS.glob("diagnosis_fresh*.md"), key=_number)[-SETS:]:
        for line in report.read_text().splitlines():
            if row := _PATTERN.match(line):
                right[row[1]] += int(row[2])
            elif of := _WRONG.match(line):
                wrong.update(_wrong(of[1], (of[2] or "").split(", "), of[3]))
    return {pattern: (right[pattern], wrong[pattern]) for pattern in sorted({*right, *wrong})}


def _number(report: Path) -> int:
    return int(re.sub(r"\D", "", report.stem) or 1)


def _wrong(expected: str, lines: list[str], said: str) -> list[str]:
    """The patterns of the alarms that were raised of one program, but for the one that is the planted problem."""
    alarms = [alarm for one in said.split("; ") if (alarm := _ALARM.match(one))]
    return [alarm[1] for alarm in alarms if alarm[1] != expected or alarm[2].rpartition(":")[2] not in lines]


def main() -> None:
    for pattern, (right, wrong) in record().items():
        print(f'    "{pattern}": ({right}, {wrong}),')


if __name__ == "__main__":
    main()
