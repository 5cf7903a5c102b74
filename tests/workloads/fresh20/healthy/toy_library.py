# bench: healthy
"""A toy library: families look through the shelves on their phones, reserve and bring back toys, and the counter looks
up what a family has at home.

Django REST framework on PostgreSQL under gunicorn (gthread). Looks costly, and is as it should be: the list goes
through serializers, but by pages of twelve, with the brand joined and the themes prefetched (two statements and a
count); a loan locks one row in a short transaction; the connections of the threads persist; the opening hours are asked
for once a minute and kept.

Measured: 21 requests a second, 10 to 12 % of a core.
"""

import http.client
import json
import logging
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import django  # noqa: E402
import services  # noqa: E402
from django.apps import AppConfig  # noqa: E402
from django.conf import settings  # noqa: E402

TOYS = 900
FAMILIES = 240
PHONES = 6
ASKS_EACH = 3.5  # a second and phone

SCHEMA = [
    "CREATE TABLE brand (id int PRIMARY KEY, name text)",
    "CREATE TABLE theme (id int PRIMARY KEY, name text)",
    "CREATE TABLE toy (id int PRIMARY KEY, brand_id int REFERENCES brand, name text, pieces int, from_age int)",
    "CREATE TABLE toy_themes (id serial PRIMARY KEY, toy_id int REFERENCES toy, theme_id int REFERENCES theme)",
    "CREATE TABLE loan (id serial PRIMARY KEY, toy_id int REFERENCES toy, family int, since timestamptz,"
    " back timestamptz)",
    "CREATE TABLE hours (weekday int PRIMARY KEY, opens text, closes text)",
    "INSERT INTO brand SELECT i, 'Brand ' || i FROM generate_series(1, 30) i",
    "INSERT INTO theme SELECT i, (ARRAY['trains','dolls','blocks','music','puzzles','water','kitchen','space'])[i]"
    " FROM generate_series(1, 8) i",
    f"INSERT INTO toy SELECT i, 1 + i % 30, 'Toy ' || i, 1 + i % 120, i % 9 FROM generate_series(1, {TOYS}) i",
    f"INSERT INTO toy_themes (toy_id, theme_id) SELECT i, 1 + (i * 5 + n * 3) % 8 FROM generate_series(1, {TOYS}) i,"
    " generate_series(0, 1) n",
    "INSERT INTO hours SELECT i, '14:00', '18:30' FROM generate_series(0, 6) i",
    "CREATE INDEX ON toy_themes (toy_id)",
    "CREATE INDEX ON toy_themes (theme_id)",
    "CREATE INDEX ON loan (toy_id) WHERE back IS NULL",
    "CREATE INDEX ON loan (family) WHERE back IS NULL",
    "ALTER DATABASE postgres SET synchronous_commit = off",
]


class ToysConfig(AppConfig):
    name, label, default_auto_field = __name__, "toys", "django.db.models.AutoField"
    path = "."


settings.configure(
    DEBUG=False,
    SECRET_KEY="shelf",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["rest_framework", f"{__name__}.ToysConfig"],
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "USER": "postgres",
            "NAME": "postgres",
            "CONN_MAX_AGE": None,
        }
    },
)
logging.disable(logging.WARNING)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections, models, transaction  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Brand(models.Model):
    name = models.TextField()

    class Meta:
        db_table = "brand"


class Theme(models.Model):
    name = models.TextField()

    class Meta:
        db_table = "theme"


class Toy(models.Model):
    brand = models.ForeignKey(Brand, models.PROTECT)
    themes = models.ManyToManyField(Theme, db_table="toy_themes")
    name = models.TextField()
    pieces = models.IntegerField()
    from_age = models.IntegerField()

    class Meta:
        db_table = "toy"


class Loan(models.Model):
    toy = models.ForeignKey(Toy, models.PROTECT, related_name="loans")
    family = models.IntegerField()
    since = models.DateTimeField()
    back = models.DateTimeField(null=True)

    class Meta:
        db_table = "loan"


class Hours(models.Model):
    weekday = models.IntegerField(primary_key=True)
    opens = models.TextField()
    closes = models.TextField()

    class Meta:
        db_table = "hours"


def opening_hours() -> list[dict]:
    return cache.get_or_set("hours", lambda: list(Hours.objects.order_by("weekday").values()), timeout=60)


class ToySerializer(serializers.ModelSerializer):
    brand = serializers.CharField(source="brand.name")
    themes = serializers.SlugRelatedField(many=True, read_only=True, slug_field="name")
    lent = serializers.BooleanField()

    class Meta:
        model = Toy
        fields = ["id", "name", "brand", "themes", "pieces", "from_age", "lent"]


class LoanSerializer(serializers.ModelSerializer):
    toy = serializers.CharField(source="toy.name", read_only=True)

    class Meta:
        model = Loan
        fields = ["id", "toy", "since"]


class LoanOrder(serializers.Serializer):
    family = serializers.IntegerField(min_value=1, max_value=FAMILIES)


class Shelf(pagination.PageNumberPagination):
    page_size = 12


class Toys(generics.ListAPIView):
    serializer_class = ToySerializer
    pagination_class = Shelf

    def get_queryset(self):
        out = Loan.objects.filter(toy=models.OuterRef("pk"), back=None)
        toys = Toy.objects.select_related("brand").prefetch_related("themes").annotate(lent=models.Exists(out))
        theme = self.request.query_params.get("theme")
        return (toys.filter(themes__name=theme) if theme else toys).order_by("name", "id")


class LendToy(APIView):
    def post(self, request, number):
        order = LoanOrder(data=request.data)
        order.is_valid(raise_exception=True)
        with transaction.atomic():
            toy = get_object_or_404(Toy.objects.select_for_update(), pk=number)
            if toy.loans.filter(back=None).exists():
                return Response({"error": "lent"}, status=409)
            loan = toy.loans.create(family=order.validated_data["family"], since=timezone.now())
        return Response({"loan": loan.pk, "hours": opening_hours()}, status=201)


class BringBack(APIView):
    def post(self, request, number):
        ended = Loan.objects.filter(pk=number, back=None).update(back=timezone.now())
        return Response({"back": ended})


class AtHome(generics.ListAPIView):
    serializer_class = LoanSerializer

    def get_queryset(self):
        at_home = Loan.objects.filter(family=self.kwargs["family"], back=None)
        return at_home.select_related("toy").order_by("-since")[:20]


urlpatterns = [
    path("toys", Toys.as_view()),
    path("toys/<int:number>/loans", LendToy.as_view()),
    path("loans/<int:number>/back", BringBack.as_view()),
    path("families/<int:family>/loans", AtHome.as_view()),
]


class Library(BaseApplication):
    """Gunicorn, with one worker of four threads."""

    def __init__(self, listening: socket.socket):
        self.listening = listening
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self.listening.fileno()}",
            "worker_class": "gthread",
            "threads": 4,
            "worker_tmp_dir": ".",
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()


def phone(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    loans: list[int] = []
    turn, due = number, time.monotonic() + number / ASKS_EACH / PHONES

    def ask(method: str, where: str, told: dict | None = None) -> dict | list:
        headers = {"Content-Type": "application/json"} if told is not None else {}
        connection.request(method, where, None if told is None else json.dumps(told), headers)
        return json.loads(connection.getresponse().read())

    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / ASKS_EACH, time.monotonic() - 1)
        turn += 1
        if turn % 4 == 0:
            told = ask("POST", f"/toys/{rng.randint(1, TOYS)}/loans", {"family": rng.randint(1, FAMILIES)})
            loans += [told["loan"]] if "loan" in told else []
        elif turn % 4 == 1 and len(loans) > 15:
            ask("POST", f"/loans/{loans.pop(0)}/back", {})
        elif turn % 4 == 2:
            ask("GET", f"/families/{rng.randint(1, FAMILIES)}/loans")
        else:
            ask("GET", f"/toys?theme={rng.choice(['trains', 'music', 'space'])}&page={rng.randint(1, 15)}")


def families(port: int) -> None:
    phones = [threading.Thread(target=phone, args=(port, number)) for number in range(PHONES)]
    for one in phones:
        one.start()
    for one in phones:
        one.join()


def main() -> None:
    os.chmod(".", 0o1777)  # the database server is another user's
    connections["default"].settings_dict["PORT"] = str(services.postgres(*SCHEMA))
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    services.outside(lambda: families(port))
    Library(listening).run()


if __name__ == "__main__":
    main()
