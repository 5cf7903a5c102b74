# expect: pattern=repeated-computation bench
"""Flight cards of kite festivals: each festival has designed a card of its own, and each flyer gets one printed that
tells field, slot, line length and the wind that the kite may be flown in.

Flask with Jinja2: the festivals keep their designs in a catalogue (they edit them in a form, which makes a new
version), and the cards are rendered from them with the helpers of this desk. Served by gunicorn (gthread).

Measured: a card takes 27 ms, 0.47 cores at 23 cards a second; in the twin 2 ms, 0.06 cores at 29.
"""

import datetime
import math
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import services
from flask import Blueprint, Flask, abort, jsonify, render_template_string, request
from gunicorn.app.base import BaseApplication

MACROS = """
{% macro field(label, value, unit="") -%}
<div class="field"><span class="label">{{ label }}</span>
<span class="value">{{ value }}{% if unit %}<small>{{ unit }}</small>{% endif %}</span></div>
{%- endmacro %}
{% macro wind(low, high) -%}
<div class="wind {% if high > 9 %}strong{% elif high > 5 %}fresh{% else %}light{% endif %}">
{{ field("from", low | knots, "kn") }}{{ field("to", high | knots, "kn") }}
<b>{{ low | beaufort }} to {{ high | beaufort }}</b>
</div>
{%- endmacro %}
{% macro strip(colours) -%}
<svg width="{{ colours | length * 24 }}" height="12">{% for colour in colours %}
<rect x="{{ loop.index0 * 24 }}" y="0" width="24" height="12" fill="{{ colour }}"/>{% endfor %}</svg>
{%- endmacro %}
"""

CARD = """<article class="card {{ festival.slug }}">
<header><h1>{{ festival.title }}</h1><p>{{ festival.beach }}, {{ festival.opens | day }}</p></header>
{{ strip(festival.colours) }}
<h2>{{ kite.name }}</h2>
<section>{{ field("Flyer", flyer | upper) }}{{ field("Kind", kite.kind) }}
{{ field("Sail", "%.1f" | format(kite.sail), "m²") }}{{ field("Line", kite.line, "m") }}
{% if kite.tail %}{{ field("Tail", kite.tail, "m") }}{% else %}<p>no tail</p>{% endif %}</section>
<section>{{ wind(kite.low, kite.high) }}
{% if kite.high > festival.limit %}<p class="warn">{{ festival.title }} stops at {{ festival.limit | knots }} kn:
land when the
{% for flag in festival.flags %}{{ flag }}{{ ", " if not loop.last else "" }}{% endfor %} is up</p>{% endif %}
</section>
<section class="slot">{% if slot.field == "A" %}<b>Field A: arena</b>{% elif slot.field == "B" %}Field B: dunes
{% else %}Field {{ slot.field }}: open beach{% endif %}
{{ field("From", slot.start | clock) }}{{ field("Until", slot.end | clock) }}
{% if slot.line_limit < kite.line %}<p class="warn">Shorten the line to {{ slot.line_limit }} m</p>{% endif %}</section>
<footer>{% for rule in festival.rules %}<p>{{ loop.index }}. {{ rule }}</p>{% endfor %}
{{ EXTRA }}</footer></article>
"""

EXTRAS = (
    '{% if kite.kind == "rokkaku" %}<p>Battle heats are drawn at {{ slot.start | clock }}</p>{% endif %}',
    '<p>{{ "Night flying with lamps" if slot.start > 1140 else "Day flying" }}, pull {{ kite | pull }} N</p>',
    "{% set heavy = kite | pull > 300 %}{% if heavy %}<p>Ground anchor needed: {{ kite | pull }} N</p>{% endif %}",
)


@dataclass(frozen=True)
class Kite:
    name: str
    kind: str
    sail: float
    line: int
    tail: int
    low: float
    high: float


@dataclass(frozen=True)
class Slot:
    field: str
    start: int
    end: int
    line_limit: int


@dataclass(frozen=True)
class Festival:
    slug: str
    title: str
    beach: str
    opens: datetime.date
    limit: float
    colours: tuple
    flags: tuple
    rules: tuple
    version: int
    design: str


class Catalogue:
    """The festivals with their designs."""

    def __init__(self):
        self.festivals = {}
        for number, slug in enumerate(("fanoe", "dieppe", "weifang", "cervia", "berck", "portsmouth")):
            design = MACROS + CARD.replace("{{ EXTRA }}", EXTRAS[number % len(EXTRAS)])
            self.festivals[slug] = Festival(
                slug,
                f"Kites over {slug.title()}",
                f"{slug} strand",
                datetime.date(2026, 6, 1 + number),
                8.0 + number / 2,
                ("#c33", "#fa0", "#28c", "#292")[: 2 + number % 3],
                ("red flag", "black ball")[: 1 + number % 2],
                ("No wire lines", "Keep 50 m from the dunes", "Land for the rescue helicopter"),
                1,
                design,
            )

    def get(self, slug):
        return self.festivals.get(slug)


class Programme:
    """Which kite flies when; drawn from its number."""

    kinds = ("delta", "rokkaku", "parafoil", "Eddy", "cellular")

    @lru_cache(maxsize=4096)
    def entry(self, number):
        kind = self.kinds[number % len(self.kinds)]
        kite = Kite(
            f"{kind} {number}", kind, 1.2 + number % 17 / 2, 40 + number % 9 * 10, number % 4 * 5, 2.5, 6 + number % 6
        )
        start = 600 + number % 40 * 15
        return kite, Slot("ABCD"[number % 4], start, start + 15, 60 + number % 5 * 15)


def beaufort(speed):
    return f"force {round((speed / 0.836) ** (2 / 3))}"


def pull(kite):
    return math.ceil(0.5 * 1.225 * kite.sail * 0.8 * kite.high**2)


HELPERS = {
    "knots": lambda speed: round(speed * 1.944),
    "clock": lambda minutes: f"{minutes // 60}:{minutes % 60:02d}",
    "day": lambda date: date.strftime("%d %B %Y"),
    "beaufort": beaufort,
    "pull": pull,
}


class Printer:
    """Renders the card of a festival."""

    def render(self, festival, **told):
        return render_template_string(festival.design, festival=festival, **told)  # <- cost


cards = Blueprint("cards", __name__, url_prefix="/cards")
catalogue, programme, printer = Catalogue(), Programme(), Printer()


@cards.get("/<slug>/<int:number>")
def card(slug, number):
    festival = catalogue.get(slug)
    if festival is None:
        abort(404)
    kite, slot = programme.entry(number)
    return printer.render(festival, kite=kite, slot=slot, flyer=request.args.get("flyer", "n. n."))


@cards.get("/<slug>/slots/<int:number>")
def slot_of(slug, number):
    slot = programme.entry(number)[1]
    return jsonify(festival=slug, field=slot.field, start=slot.start, end=slot.end)


def create_app():
    app = Flask(__name__)
    app.jinja_env.filters.update(HELPERS)
    app.register_blueprint(cards)
    return app


class Server(BaseApplication):
    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{services.free_port()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 4,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": flyers,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return create_app()


def flyers(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    paths = [f"/cards/{slug}/{number}?flyer=Ida" for slug in catalogue.festivals for number in range(0, 300, 7)]
    services.customers(port, [*paths, "/cards/berck/slots/8"], number=3, pause=0.1)


if __name__ == "__main__":
    Server().run()
