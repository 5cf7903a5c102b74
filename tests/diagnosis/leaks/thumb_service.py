"""HTTP front of the thumbnail renderer."""
import io
import os
import threading
from urllib.parse import parse_qsl

from flask import Flask, Response, abort, request
from PIL import Image

app = Flask(__name__)

ORIGINALS = os.environ.get("ORIGINALS_DIR", "/srv/originals")
ALLOWED = {"jpeg", "png", "webp"}
PRESETS = {
    "tiny": (48, 48),
    "card": (320, 240),
    "hero": (1280, 720),
}

_lock = threading.Lock()
_rendered = {}  # <- cost
_locks_by_name = {}
_hits = {"cached": 0, "fresh": 0}


def _params(query):
    out = {}
    for key, value in parse_qsl(query):
        if key in ("preset", "w", "h", "fmt", "q"):
            out[key] = value
    return out


def _size(params):
    if params.get("preset") in PRESETS:
        return PRESETS[params["preset"]]
    width = min(int(params.get("w", 320)), 2048)
    height = min(int(params.get("h", 240)), 2048)
    return width, height


def _render(path, size, fmt, quality):
    buf = io.BytesIO()
    with Image.open(path) as img:
        img = img.convert("RGB")
        img.thumbnail(size)
        img.save(buf, format=fmt.upper(), quality=quality)
    return buf.getvalue()  # <- made 95


def _thumb(name, query):
    key = (name, query)  # <- made 5
    with _lock:
        data = _rendered.get(key)
        if data is not None:
            _hits["cached"] += 1
            return data
        gate = _locks_by_name.setdefault(name, threading.Lock())
    params = _params(query)
    path = os.path.join(ORIGINALS, name)
    with gate:
        data = _render(path, _size(params), params.get("fmt", "jpeg"), int(params.get("q", 80)))
    with _lock:
        _hits["fresh"] += 1
        _rendered[key] = data  # <- cost
        _locks_by_name.pop(name, None)
    return data


@app.get("/t/<name>")
def thumb(name):
    if os.sep in name or name.startswith("."):
        abort(404)
    params = _params(request.query_string.decode("latin-1"))
    fmt = params.get("fmt", "jpeg")
    if fmt not in ALLOWED:
        abort(400)
    try:
        data = _thumb(name, request.query_string.decode("latin-1"))
    except FileNotFoundError:
        abort(404)
    return Response(data, mimetype="image/" + fmt)


@app.get("/stats")
def stats():
    with _lock:
        return dict(_hits, entries=len(_rendered))
