# expect: pattern=repeated-computation bench
# Planetariums fetch the cue sheet of the running show for their consoles (projectors, dome lights, sound). Each dome
# has a layout of its own, a Jinja2 text that its operators edit; Flask under gunicorn puts the cues into it.
# Measured: 27 to 30 ms of CPU for each sheet (17 a second: 49 % of a core); all but about 1 ms is the layout's preparation.
import logging
import os
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

from flask import Flask, Response, abort, g, render_template_string
from gunicorn.app.base import BaseApplication

from services import customers

DOMES = ["altair", "bellatrix", "capella", "deneb", "electra", "fomalhaut", "gienah"]
DEVICES = ["projector", "dome-light", "sound"]

BLOCK = """
{%% macro %(device)s_row(cue, tone="plain") -%%}
  <tr class="{{ tone }}{%% if cue.hold %%} hold{%% endif %%}">
    <td>{{ "%%02d:%%02d"|format(cue.at // 60, cue.at %% 60) }}</td><td>{{ cue.title|upper }}</td>
    <td>{%% if cue.level is defined and cue.level >= 0 %%}{{ cue.level }} %%{%% else %%}-{%% endif %%}</td>
    <td>{%% if cue.fade > 4 %%}long fade {{ cue.fade }} s{%% elif cue.fade %%}fade {{ cue.fade }} s{%% else %%}cut{%% endif %%}</td>
    <td>{{ cue.note|default("", true)|truncate(40) }}</td>
  </tr>
{%%- endmacro %%}
{%% set %(device)s_cues = cues|selectattr("device", "equalto", "%(device)s_"|replace("_", ""))|list %%}
{%% if %(device)s_cues %%}
<section id="%(device)s"><h2>{{ dome|title }}: {{ show.title }}, %(device)s</h2>
<table>
{%% for cue in %(device)s_cues %%}{{ %(device)s_row(cue, tone="odd" if loop.index is odd else "even") }}{%% else %%}<tr><td>none</td></tr>{%% endfor %%}
</table>
<p>{{ %(device)s_cues|length }} cues, last at {{ (%(device)s_cues|last).at }} s{%% if show.live %%}, live{%% endif %%}</p>
</section>
{%% endif %%}
"""


def layout_text(dome):
    """The layout as the operators of this dome have written it."""
    parts = [f"<!doctype html><title>{{{{ show.title }}}}</title><body class='{dome}'>"]
    parts += [BLOCK % {"device": device.replace("-", "")} for device in DEVICES]
    parts.append("<footer>{{ show.title }} / {{ show.minutes }} min / sheet {{ show.sheet }}</footer></body>")
    return "\n".join(parts)


def create_database(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE layouts (dome TEXT PRIMARY KEY, body TEXT NOT NULL)")
        database.execute(
            "CREATE TABLE cues (dome TEXT, at INT, device TEXT, title TEXT, level INT, fade INT, hold INT)"
        )
        database.execute("CREATE INDEX cues_of_dome ON cues (dome, at)")
        for number, dome in enumerate(DOMES):
            database.execute("INSERT INTO layouts VALUES (?, ?)", (dome, layout_text(dome)))
            for cue in range(24):
                device = DEVICES[(cue + number) % len(DEVICES)].replace("-", "")
                row = (dome, cue * 55, device, f"cue {cue} {device}", cue * 7 % 101, cue % 7, cue % 5 == 0)
                database.execute("INSERT INTO cues VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    database.close()


app = Flask(__name__)
app.config["DATABASE"] = os.path.abspath("domes.sqlite")
served = {"sheets": 0, "seconds": 0.0}
connections = threading.local()


def database():
    if not hasattr(connections, "it"):
        connections.it = sqlite3.connect(app.config["DATABASE"])
        connections.it.row_factory = sqlite3.Row
    return connections.it


def render_sheet(layout, **values):
    return render_template_string(layout, **values)  # <- cost


@app.before_request
def begin():
    g.began = time.thread_time()


@app.get("/domes/<dome>/sheet/<int:number>")
def cue_sheet(dome, number):
    row = database().execute("SELECT body FROM layouts WHERE dome = ?", (dome,)).fetchone()
    if row is None:
        abort(404)
    cues = [dict(cue) for cue in database().execute("SELECT * FROM cues WHERE dome = ? ORDER BY at", (dome,))]
    show = {"title": "Rings and Ice", "minutes": 42, "sheet": number, "live": number % 2 == 0}
    page = render_sheet(row["body"], dome=dome, show=show, cues=cues)
    return Response(page, mimetype="text/html")


@app.after_request
def count(response):
    served["sheets"] += 1
    served["seconds"] += time.thread_time() - g.began
    return response


def report():
    time.sleep(1)
    print("ready", os.getpid(), flush=True)
    while True:
        served.update(sheets=0, seconds=0.0)
        time.sleep(4)
        each = served["seconds"] * 1000 / max(1, served["sheets"])
        logging.warning("%.1f sheets a second, CPU %.2f ms each", served["sheets"] / 4, each)


class Consoles(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 4)
        self.cfg.set("keepalive", 30)
        self.cfg.set("loglevel", "warning")
        self.cfg.set("when_ready", open_doors)
        self.cfg.set("post_worker_init", lambda worker: threading.Thread(target=report, daemon=True).start())

    def load(self):
        return app


def open_doors(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    paths = [f"/domes/{dome}/sheet/{number}" for dome in DOMES for number in range(1, 9)]
    customers(port, paths, 3, pause=0.14)


if __name__ == "__main__":
    create_database(app.config["DATABASE"])
    Consoles().run()
