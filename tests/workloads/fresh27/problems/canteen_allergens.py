# expect: pattern=serial-requests bench
"""Compiles the allergen sheet of a caterer's canteens, which hangs on screens beside the counters.

The menus are kept by the kitchens' planning system, one resource a canteen; the sheet is made anew every few seconds,
since dishes run out. It is one HTML page and a CSV file for the dietitians.

Measured: a sheet of 48 canteens takes 1.77 s; in the repaired program 0.17 s.
"""

import csv
import json
import logging
import os
import sys
import time
from collections import Counter

import jinja2
import requests

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

CANTEENS = [f"canteen-{number:02}" for number in range(1, 49)]
SECONDS_BETWEEN_SHEETS = 2.5
ALLERGENS = ("gluten", "crustaceans", "egg", "fish", "peanut", "soy", "milk", "nuts", "celery", "mustard", "sesame")

PAGE = """<!doctype html>
<title>Allergens</title>
<h1>Allergens at {{ at }}</h1>
{% for canteen in canteens %}<h2>{{ canteen.name }}</h2>
<table>
{% for dish in canteen.dishes %}<tr><td>{{ dish.name }}<td>{{ dish.contains | join(", ") or "none" }}
{% endfor %}</table>
{% endfor %}<p>{% for name, number in totals %}{{ name }}: {{ number }} {% endfor %}
"""

log = logging.getLogger("canteen_allergens")


def planning_system():
    """The kitchens' planning system; it computes each menu from the recipes."""

    def answer(path):
        time.sleep(0.035)
        seed = sum(path.encode())
        dishes = [
            {
                "name": f"dish {(seed + n) % 61}",
                "portions": (seed * n + int(time.time())) % 40,
                "contains": [name for at, name in enumerate(ALLERGENS) if (seed + n * 7) >> at & 1],
            }
            for n in range(8)
        ]
        return json.dumps({"canteen": path.split("/")[2], "dishes": dishes}).encode()

    return services.http_service(answer)


class Menus:
    """A client of the planning system."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"

    def of(self, canteen):
        response = self.session.get(f"{self.base}/canteens/{canteen}/menu", timeout=5)  # <- cost
        response.raise_for_status()
        return response.json()

    def all(self):
        menus = []
        for canteen in CANTEENS:  # <- cost
            menus.append(self.of(canteen))  # <- cost
        return menus


def available(menu):
    """The canteen's dishes that have not run out."""
    dishes = [dish for dish in menu["dishes"] if dish["portions"] > 0]
    return {"name": menu["canteen"], "dishes": sorted(dishes, key=lambda dish: dish["name"])}


def count_allergens(canteens):
    totals = Counter()
    for canteen in canteens:
        for dish in canteen["dishes"]:
            totals.update(dish["contains"])
    return totals.most_common()


def replace(path, write):
    """Write a file beside its old version, then put it in its place."""
    with open(path + ".new", "w", newline="", encoding="utf-8") as file:
        write(file)
    os.replace(path + ".new", path)


def write_table(file, canteens):
    out = csv.writer(file)
    out.writerow(("canteen", "dish", "portions", *ALLERGENS))
    for canteen in canteens:
        for dish in canteen["dishes"]:
            contains = ["x" if name in dish["contains"] else "" for name in ALLERGENS]
            out.writerow((canteen["name"], dish["name"], dish["portions"], *contains))


def make_sheet(menus, template):
    begun = time.monotonic()
    canteens = [available(menu) for menu in menus.all()]
    page = template.render(at=time.strftime("%H:%M:%S"), canteens=canteens, totals=count_allergens(canteens))
    replace("allergens.html", lambda file: file.write(page))
    replace("allergens.csv", lambda file: write_table(file, canteens))
    log.info("a sheet of %d canteens in %.3f s", len(canteens), time.monotonic() - begun)


def main():
    logging.basicConfig(filename="sheets.log", level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    menus = Menus(f"http://127.0.0.1:{planning_system()}")
    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    make_sheet(menus, template)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        make_sheet(menus, template)
        due = max(due + SECONDS_BETWEEN_SHEETS, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
