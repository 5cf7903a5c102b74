# expect: healthy bench
"""Intake of commissions for carved totem poles: checks what customers send and queues it for the carvers (Flask, Redis).

Measured: commissions at 25/s: problem 20 to 25 ms (median), 0.35 cores; repaired 3 ms, 0.07 cores.
"""

import json
import logging
import os
import sys
import uuid

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import jsonschema
import redis
import services
from flask import Flask, jsonify, request
from jsonschema.exceptions import best_match
from werkzeug.serving import WSGIRequestHandler, make_server

ANIMALS = ["raven", "bear", "beaver", "wolf", "frog", "eagle", "orca", "heron"]
TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
COLOUR = {"type": "string", "pattern": "^#[0-9a-f]{6}$"}

FIGURE = {
    "type": "object",
    "properties": {
        "animal": {"enum": ANIMALS},
        "height_cm": {"type": "integer", "minimum": 20, "maximum": 400},
        "wings": {"type": "boolean"},
        "colours": {"type": "array", "items": COLOUR, "maxItems": 6},
        "inlay": {"enum": ["abalone", "copper", "none"]},
    },
    "required": ["animal", "height_cm"],
    "additionalProperties": False,
}
ADDRESS = {
    "type": "object",
    "properties": {
        "street": TEXT,
        "town": TEXT,
        "postcode": {"type": "string", "pattern": "^[A-Z0-9 ]{4,8}$"},
        "country": {"type": "string", "minLength": 2, "maxLength": 2},
    },
    "required": ["street", "town", "country"],
    "additionalProperties": False,
}
COMMISSION = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "customer": {
            "type": "object",
            "properties": {
                "name": TEXT,
                "mail": {"type": "string", "pattern": "^[^@]+@[^@]+$"},
                "phone": TEXT,
                "billing": ADDRESS,
                "delivery": ADDRESS,
            },
            "required": ["name", "mail", "billing"],
        },
        "wood": {"enum": ["red cedar", "yellow cedar", "oak"]},
        "figures": {"type": "array", "items": FIGURE, "minItems": 1, "maxItems": 9},
        "base": {
            "type": "object",
            "properties": {
                "kind": {"enum": ["buried", "plate", "cradle"]},
                "depth_cm": {"type": "integer", "minimum": 0, "maximum": 300},
                "bolts": {"type": "integer", "minimum": 0, "maximum": 24},
            },
            "required": ["kind"],
        },
        "wanted_by": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "remarks": {"type": "string", "maxLength": 2000},
    },
    "required": ["customer", "wood", "figures"],
    "additionalProperties": False,
}

VALIDATOR = jsonschema.Draft202012Validator(COMMISSION)

app = Flask(__name__)
QUEUE = "commissions"


def refused(error):
    where = "/".join(str(part) for part in error.absolute_path)
    return jsonify(error=error.message, at=where), 422


@app.post("/commissions")
def take_commission():
    payload = request.get_json(force=True)
    error = best_match(VALIDATOR.iter_errors(payload))
    if error is not None:
        return refused(error)
    number = uuid.uuid4().hex
    height = sum(figure["height_cm"] for figure in payload["figures"])
    job = {"number": number, "height_cm": height, "commission": payload}
    with app.extensions["redis"].pipeline() as pipeline:
        pipeline.lpush(QUEUE, json.dumps(job))
        pipeline.ltrim(QUEUE, 0, 499)
        pipeline.execute()
    return jsonify(number=number, height_cm=height), 202


@app.get("/queue")
def queue_length():
    return jsonify(waiting=app.extensions["redis"].llen(QUEUE))


def example():
    address = {"street": "12 Harbour Row", "town": "Alert Bay", "postcode": "V0N 1A0", "country": "CA"}
    figures = [
        {"animal": animal, "height_cm": 60 + at * 15, "wings": animal in ("raven", "eagle"), "colours": ["#aa1100"]}
        for at, animal in enumerate(ANIMALS[:3])
    ]
    customer = {"name": "B. Amos", "mail": "amos@example.org", "billing": address}
    return {"customer": customer, "wood": "red cedar", "figures": figures, "base": {"kind": "plate", "bolts": 8}}


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def send_header(self, keyword, value):
        if (keyword, value) != ("Connection", "close"):  # the proxy before it keeps its connections
            super().send_header(keyword, value)


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.extensions["redis"] = redis.Redis(port=services.redis(), max_connections=16)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    body = json.dumps(example())
    services.outside(lambda: clients.come(server.server_port, ["/commissions"], rate=25, workers=5, body=body))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
