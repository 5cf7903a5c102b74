# expect: healthy bench
"""The listing pages of a boutique for antique hatpins: Django, PostgreSQL, a page for each period and metal.

Measured: at 8 pages a second 0.37-0.47 cores and 50-127 ms a page (the problem); 0.06 cores and 6-7 ms (the twin).
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

SETUP = [
    "create table boutique_maker (id serial primary key, name text not null, town text not null)",
    "create table boutique_hatpin (id serial primary key, title text not null, period text not null,"
    " metal text not null, cents integer not null, maker_id integer not null references boutique_maker (id))",
    "create table boutique_review (id serial primary key, stars integer not null, words text not null,"
    " hatpin_id integer not null references boutique_hatpin (id))",
    "insert into boutique_maker (name, town) select 'Maker ' || n, 'Town ' || n % 17 from generate_series(1, 60) n",
    "insert into boutique_hatpin (title, period, metal, cents, maker_id)"
    " select 'Hatpin no. ' || n, (array['edwardian','victorian','art-nouveau','deco'])[1 + n % 4],"
    " (array['silver','brass','jet'])[1 + n % 3], 900 + n * 37 % 20000, 1 + n * 7 % 60 from generate_series(1, 1200) n",
    "insert into boutique_review (stars, words, hatpin_id)"
    " select 1 + n * 31 % 5, 'As described, sharp. ' || n, 1 + n * 13 % 1200 from generate_series(1, 9000) n",
    "create index on boutique_hatpin (period, metal)",
    "create index on boutique_review (hatpin_id)",
    "analyze",
]
PORT = services.postgres(*SETUP)

from django.apps import AppConfig
from django.conf import settings


class BoutiqueConfig(AppConfig):
    name = __name__
    label = "boutique"
    path = os.getcwd()


LISTING = """<!doctype html><title>{{ period|title }} hatpins in {{ metal }}</title>
<h1>{{ period|title }} hatpins in {{ metal }}</h1>
<ul>{% for card in cards %}
<li><a href="/pin/{{ card.id }}">{{ card.title }}</a> by {{ card.maker }} ({{ card.town }})
<b>{{ card.price }}</b> {% if card.reviews %}{{ card.stars|floatformat:1 }} stars, {{ card.reviews }} reviews{% endif %}</li>
{% endfor %}</ul>
"""

settings.configure(
    DEBUG=False,
    SECRET_KEY="hatpins",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[f"{__name__}.BoutiqueConfig"],
    USE_TZ=False,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": PORT,
            "CONN_MAX_AGE": None,
        }
    },
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [("django.template.loaders.locmem.Loader", {"listing.html": LISTING})],
                    )
                ]
            },
        }
    ],
    LOGGING_CONFIG=None,
)

import django

django.setup()

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.db.models import Avg, Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path


class Maker(models.Model):
    name = models.TextField()
    town = models.TextField()

    class Meta:
        app_label = BoutiqueConfig.label


class Hatpin(models.Model):
    title = models.TextField()
    period = models.TextField()
    metal = models.TextField()
    cents = models.IntegerField()
    maker = models.ForeignKey(Maker, on_delete=models.PROTECT)

    class Meta:
        app_label = BoutiqueConfig.label


class Review(models.Model):
    stars = models.IntegerField()
    words = models.TextField()
    hatpin = models.ForeignKey(Hatpin, on_delete=models.CASCADE, related_name="reviews")

    class Meta:
        app_label = BoutiqueConfig.label


def price(cents):
    return f"£{cents // 100}.{cents % 100:02}"


def card_of(pin):
    return {
        "id": pin.id,
        "title": pin.title,
        "maker": pin.maker.name,
        "town": pin.maker.town,
        "price": price(pin.cents),
        "reviews": pin.number,
        "stars": pin.stars,
    }


def listing(request, period, metal):
    pins = (
        Hatpin.objects.filter(period=period, metal=metal)
        .select_related("maker")
        .annotate(stars=Avg("reviews__stars"), number=Count("reviews"))
        .order_by("cents", "id")[:36]
    )
    cards = [card_of(pin) for pin in pins]
    return render(request, "listing.html", {"period": period, "metal": metal, "cards": cards})


def health(request):
    return HttpResponse("ok")


urlpatterns = [path("shop/<slug:period>/<slug:metal>", listing), path("health", health)]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    pages = [
        f"/shop/{period}/{metal}"
        for period in ("edwardian", "victorian", "art-nouveau", "deco")
        for metal in ("silver", "brass", "jet")
    ]
    services.outside(lambda: clients.come(server.server_port, pages, rate=8, workers=4))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
