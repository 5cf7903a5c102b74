# expect: pattern=repeated-query bench
"""The glaziers' list of a diocese: stained-glass panels that need work, by deanery, as a page for the workshop.

Django 5 on PostgreSQL under gunicorn (gthread): models, a list view with paging, a template. The page tells for each
panel in which window of which church it sits, and how often and when it was last repaired.

Measured: a page takes 90 to 135 ms with 122 statements, 0.5 cores; in the twin 17 to 25 ms with 2,
0.13 cores.
"""

import logging
import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import django
from django.apps import AppConfig
from django.conf import settings

import services

CONDITIONS = ("bowed", "cracked", "corroded", "lost paint", "sound")
DEANERIES = 12

LIST = """<!doctype html>
<title>{{ deanery }}: panels {{ condition }}</title>
<h1>{{ deanery }}: {{ paginator.count }} panels {{ condition }}</h1>
<table>
<tr><th>Panel<th>Church<th>Window<th>Faces<th>Area<th>Repairs<th>Last<th>Urgency</tr>
{% for row in rows %}<tr><td>{{ row.name }}<td>{{ row.church }}<td>{{ row.window }}<td>{{ row.faces }}
<td>{{ row.area|floatformat:2 }} m²<td>{{ row.repairs }}<td>{{ row.last_repair|date:"Y-m-d"|default:"never" }}
<td>{{ row.urgency }}</tr>
{% endfor %}</table>
<p>Page {{ page_obj.number }} of {{ paginator.num_pages }}</p>
"""

SETUP = (
    "CREATE TABLE church (id serial PRIMARY KEY, name text NOT NULL, deanery int NOT NULL, altitude int NOT NULL)",
    'CREATE TABLE "window" (id serial PRIMARY KEY, church_id int NOT NULL REFERENCES church, bay text NOT NULL,'
    " faces text NOT NULL)",
    'CREATE TABLE panel (id serial PRIMARY KEY, window_id int NOT NULL REFERENCES "window", subject text NOT NULL,'
    " condition text NOT NULL, deanery int NOT NULL, width_mm int NOT NULL, height_mm int NOT NULL)",
    "CREATE TABLE repair (id serial PRIMARY KEY, panel_id int NOT NULL REFERENCES panel, done_on date NOT NULL,"
    " glazier text NOT NULL)",
    "INSERT INTO church SELECT n, 'St ' || (ARRAY['Alban','Bride','Chad','Dunstan','Erkenwald'])[n % 5 + 1] || ' at '"
    f" || chr(65 + n % 26) || 'ham ' || n, n % {DEANERIES}, n * 7 % 340 FROM generate_series(1, 240) n",
    "INSERT INTO \"window\" SELECT n, n % 240 + 1, 'n' || (n / 240 + 2),"
    " (ARRAY['north','south','east','west'])[n % 4 + 1] FROM generate_series(1, 1900) n",
    "INSERT INTO panel SELECT n, n % 1900 + 1,"
    " (ARRAY['Jesse','Noah','Jonah','Tobias','Virtues','Donors','Grisaille'])[n % 7 + 1] || ' ' || n,"
    f" (ARRAY['bowed','cracked','corroded','lost paint','sound'])[n % 5 + 1], (n % 1900 % 240 + 1) % {DEANERIES},"
    " 420 + n % 300, 600 + n % 500 FROM generate_series(1, 9000) n",
    "INSERT INTO repair SELECT n, n * 13 % 9000 + 1, DATE '1890-01-01' + n * 37 % 48000,"
    " (ARRAY['Kempe','Clayton','Burlison','Whall'])[n % 4 + 1] FROM generate_series(1, 22000) n",
    "CREATE INDEX ON panel (deanery, condition, id)",
    "CREATE INDEX ON repair (panel_id)",
    "ANALYZE",
)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class GlassConfig(AppConfig):
    name, label = __name__, "glass"
    path = str(Path(__file__).parent)


def configure(port):
    settings.configure(
        DEBUG=False,
        SECRET_KEY="leaded lights",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[f"{__name__}.GlassConfig"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LOGGING_CONFIG=None,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": "127.0.0.1",
                "PORT": port,
                "NAME": "postgres",
                "USER": "postgres",
                "CONN_MAX_AGE": None,
            }
        },
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [("django.template.loaders.locmem.Loader", {"panels/list.html": LIST})],
                        )
                    ]
                },
            }
        ],
    )
    logging.disable(logging.WARNING)
    django.setup()


configure(database())

from django.core.paginator import Paginator
from django.db import models
from django.db.models import Count, Max
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views import View
from gunicorn.app.base import BaseApplication


class Church(models.Model):
    name = models.TextField()
    deanery = models.IntegerField()
    altitude = models.IntegerField()

    class Meta:
        db_table = "church"


class Window(models.Model):
    church = models.ForeignKey(Church, models.PROTECT, related_name="windows")
    bay = models.TextField()
    faces = models.TextField()

    class Meta:
        db_table = "window"


class Panel(models.Model):
    window = models.ForeignKey(Window, models.PROTECT, related_name="panels")
    subject = models.TextField()
    condition = models.TextField()
    deanery = models.IntegerField()
    width_mm = models.IntegerField()
    height_mm = models.IntegerField()

    class Meta:
        db_table = "panel"

    @property
    def area(self):
        return self.width_mm * self.height_mm / 1e6

    def history(self):
        return self.repairs.aggregate(times=Count("id"), last=Max("done_on"))  # <- cost

    def urgency(self, altitude, times):
        weight = CONDITIONS[::-1].index(self.condition)
        return weight * 10 + min(times, 9) + (5 if altitude > 200 else 0)


class Repair(models.Model):
    panel = models.ForeignKey(Panel, models.CASCADE, related_name="repairs")
    done_on = models.DateField()
    glazier = models.TextField()

    class Meta:
        db_table = "repair"


class PanelRow:
    """What the template shows of a panel."""

    def __init__(self, panel):
        window = panel.window
        church = window.church  # <- cost
        history = panel.history()
        self.name = panel.subject
        self.area = panel.area
        self.window = window.bay
        self.faces = window.faces
        self.church = church.name
        self.repairs = history["times"]
        self.last_repair = history["last"]
        self.urgency = panel.urgency(church.altitude, history["times"])


class PanelList(View):
    paginate_by = 40
    row_class = PanelRow

    def get_queryset(self, deanery, condition):
        return Panel.objects.filter(deanery=deanery, condition=condition).order_by("id")

    def get(self, request, deanery, condition):
        if condition not in CONDITIONS:
            raise Http404(condition)
        paginator = Paginator(self.get_queryset(deanery, condition), self.paginate_by)
        page = paginator.get_page(request.GET.get("page", 1))
        rows = [self.row_class(panel) for panel in page.object_list]  # <- cost
        told = {
            "rows": rows,
            "page_obj": page,
            "paginator": paginator,
            "deanery": f"Deanery {deanery}",
            "condition": condition,
        }
        return render(request, "panels/list.html", told)


def summary(request):
    counts = Panel.objects.values_list("condition").annotate(Count("id")).order_by()
    return JsonResponse(dict(counts))


urlpatterns = [
    path("panels/<int:deanery>/<str:condition>/", PanelList.as_view()),
    path("panels/summary/", summary),
]


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
            "when_ready": visitors,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()


def visitors(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    pages = [f"/panels/{d}/{c}/?page={p}" for d in range(DEANERIES) for c in CONDITIONS[:3] for p in (1, 2)]
    services.customers(port, [*pages, "/panels/summary/"], number=3, pause=0.4)


if __name__ == "__main__":
    Server().run()
