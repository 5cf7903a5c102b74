"""Percentile ranks for a national exam; each district gets a CSV."""
import csv
from collections import defaultdict


def load(path):
    with open(path, newline="") as fh:
        for row in csv.DictReader(fh):
            yield row["candidate"], row["district"], float(row["score"])


def percentile(score, scores):
    below = len([s for s in scores if s < score])  # <- cost hot 91
    return 100.0 * below / len(scores)


def grade(p):
    for bound, letter in ((90, "A"), (70, "B"), (40, "C"), (15, "D")):
        if p >= bound:
            return letter
    return "E"


def by_district(results):
    results = list(results)
    scores = [score for _, _, score in results]
    tables = defaultdict(list)
    for candidate, district, score in results:
        p = percentile(score, scores)  # <- cost
        tables[district].append((candidate, score, round(p, 2), grade(p)))
    return tables


def write(tables, folder):
    for district, rows in tables.items():
        rows.sort(key=lambda r: -r[1])
        with open(f"{folder}/{district}.csv", "w", newline="") as fh:
            out = csv.writer(fh)
            out.writerow(["candidate", "score", "percentile", "grade"])
            out.writerows(rows)


def main(path, folder):
    write(by_district(load(path)), folder)
