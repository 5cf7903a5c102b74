# expect: pattern=repeated-computation bench
"""Takes in the forms by which a cemetery office is asked for exhumations and reburials.

The portal puts the forms into a Redis list; this worker checks each against the form's schema and the office's own rules,
and puts it on the desk of a clerk, or back to the applicant with what is wrong.

Measured: 60 forms a second cost 0.52 to 0.73 cores, repaired 0.05 to 0.07.
"""

import json
import os
import random
import sys
import time
from datetime import date

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import jsonschema
import redis
import services

RATE = 60
PERSON = {
    "type": "object",
    "required": ["name", "born", "address"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 120},
        "born": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "email": {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$"},
        "phone": {"type": "string", "pattern": "^[0-9+ /-]{5,20}$"},
        "address": {"$ref": "#/$defs/address"},
    },
}
ADDRESS = {
    "type": "object",
    "required": ["street", "postcode", "town"],
    "additionalProperties": False,
    "properties": {
        "street": {"type": "string", "minLength": 1},
        "postcode": {"type": "string", "pattern": "^[0-9]{5}$"},
        "town": {"type": "string", "minLength": 1},
        "country": {"enum": ["DE", "AT", "CH", "FR", "NL", "PL"]},
    },
}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["reference", "applicant", "deceased", "plot", "reason", "consents"],
    "properties": {
        "reference": {"type": "string", "pattern": "^EX-[0-9]{6}$"},
        "applicant": {"$ref": "#/$defs/person"},
        "deceased": {
            "type": "object",
            "required": ["name", "died", "buried"],
            "properties": {
                "name": {"type": "string", "minLength": 2},
                "died": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
                "buried": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
                "infectious": {"type": "boolean"},
            },
        },
        "plot": {
            "type": "object",
            "required": ["field", "row", "number"],
            "properties": {
                "field": {"type": "string", "pattern": "^[A-Z]{1,2}$"},
                "row": {"type": "integer", "minimum": 1, "maximum": 80},
                "number": {"type": "integer", "minimum": 1, "maximum": 200},
                "depth": {"type": "number", "exclusiveMinimum": 0},
            },
        },
        "reason": {"enum": ["transfer", "closure", "court order", "cremation"]},
        "destination": {"$ref": "#/$defs/address"},
        "consents": {"type": "array", "minItems": 1, "maxItems": 6, "items": {"$ref": "#/$defs/consent"}},
    },
    "$defs": {
        "address": ADDRESS,
        "person": PERSON,
        "consent": {
            "type": "object",
            "required": ["person", "given"],
            "properties": {
                "person": {"type": "string", "minLength": 2},
                "kin": {"enum": ["spouse", "child", "parent", "sibling", "other"]},
                "given": {"type": "boolean"},
            },
        },
    },
}


def check(form):
    """What is wrong with the form, or None."""
    try:
        jsonschema.validate(form, SCHEMA)  # <- cost
    except jsonschema.ValidationError as error:
        return f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    if not all(consent["given"] for consent in form["consents"]):
        return "consents: all next of kin must agree"
    buried = date.fromisoformat(form["deceased"]["buried"])
    if form["deceased"].get("infectious") and (date(2026, 1, 1) - buried).days < 365 * 10:
        return "deceased: the period of rest is ten years"
    return None


def work(port):
    queue = redis.Redis(port=port)
    started = time.monotonic()
    announced = False
    while True:
        _, raw = queue.blpop("forms")
        form = json.loads(raw)
        wrong = check(form)  # <- cost
        with queue.pipeline(transaction=False) as put:
            if wrong:
                put.lpush("returned", json.dumps({"reference": form.get("reference"), "wrong": wrong}))
                put.ltrim("returned", 0, 499)
            else:
                desk = f"desk:{ord(form['plot']['field'][0]) % 4}"
                put.lpush(desk, raw)
                put.ltrim(desk, 0, 499)
            put.incr("returned:count" if wrong else "accepted:count")
            put.execute()
        if not announced and time.monotonic() - started > 1:
            announced = True
            print("ready", os.getpid(), flush=True)


def form_of(number, chance):
    address = {"street": f"Lindenweg {number % 90}", "postcode": f"{number * 37 % 100000:05}", "town": "Moorstadt"}
    form = {
        "reference": f"EX-{number % 1000000:06}",
        "applicant": {"name": f"Applicant {number}", "born": "1961-04-12", "phone": "0555 12345", "address": address},
        "deceased": {"name": f"Deceased {number}", "died": "2011-02-03", "buried": "2011-02-09"},
        "plot": {"field": chance.choice("ABCDEFG"), "row": 1 + number % 80, "number": 1 + number % 200, "depth": 1.8},
        "reason": chance.choice(["transfer", "closure", "cremation"]),
        "destination": {**address, "country": "AT"},
        "consents": [
            {"person": f"Kin {n}", "kin": "child", "given": chance.random() < 0.97} for n in range(1 + number % 4)
        ],
    }
    if number % 25 == 0:
        form["applicant"]["address"] = {**address, "postcode": "unknown"}
    return form


def portal(port):
    queue, chance, due = redis.Redis(port=port), random.Random(5), time.monotonic()
    for number in range(1 << 40):
        if queue.rpush("forms", json.dumps(form_of(number, chance))) > 2000:
            time.sleep(1)
        due = max(due + 1 / RATE, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    redis_port = services.redis()
    services.outside(lambda: portal(redis_port))
    work(redis_port)
