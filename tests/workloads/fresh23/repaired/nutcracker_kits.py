# expect: healthy bench
"""Kits for wooden nutcracker figures: the assembly benches of a workshop ask for the sheet of a figure, which shows the
picture of each of its parts. The pictures lie in layers of folders (a region's, a season's, a carver's own over those
of the house), and the first layer that has one gives it.

aiohttp.

Measured: 75 sheets a second, 70 parts in each; 28 % of a core, most of it looking for files; in the twin 5.5 %.
"""

import asyncio
import os
import random
import sys
import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients  # noqa: E402
import services  # noqa: E402

SHEETS_A_SECOND = 75
GROUPS = ("heads", "jaws", "coats", "boots", "hats", "beards", "props", "bases")
KINDS = (".svg", ".avif", ".webp", ".png", ".jpg")
FIGURES = 48
PARTS = 70


@dataclass(frozen=True)
class Part:
    group: str
    name: str
    pieces: int


@dataclass(frozen=True)
class Figure:
    name: str
    region: str
    season: str
    carver: str
    wood: str
    parts: tuple[Part, ...]


@dataclass
class Picture:
    path: str
    version: str
    size: int


class NoSuchPicture(LookupError):
    pass


class Layers:
    """Finds the picture of a part in the layers that hold for a figure. What lies in the folders is looked up every few
    seconds."""

    def __init__(self, home, fresh_seconds=10):
        self.home, self.fresh_seconds = home, fresh_seconds
        self.pictures, self.looked = {}, float("-inf")

    def look(self):
        """Take down what pictures there are; the first kind of KINDS wins."""
        now = time.monotonic()
        if now - self.looked < self.fresh_seconds:
            return
        ranks, pictures = {}, {}
        for layer in os.listdir(self.home):
            for group in GROUPS:
                with os.scandir(f"{self.home}/{layer}/{group}") as entries:
                    for entry in entries:
                        name, kind = os.path.splitext(entry.name)
                        key = f"{self.home}/{layer}", group, name
                        if kind in KINDS and KINDS.index(kind) < ranks.get(key, len(KINDS)):
                            ranks[key], pictures[key] = KINDS.index(kind), self.picture(entry.path)
        self.pictures, self.looked = pictures, now

    def order(self, figure):
        """Folders, the one that wins first."""
        return (
            f"{self.home}/carver-{figure.carver}",
            f"{self.home}/{figure.region}-{figure.season}",
            f"{self.home}/{figure.wood}",
            f"{self.home}/{figure.region}",
            f"{self.home}/{figure.season}",
            f"{self.home}/house",
        )

    def find(self, folders, part):
        for folder in folders:
            picture = self.pictures.get((folder, part.group, part.name))
            if picture is not None:
                return picture
        raise NoSuchPicture(f"{part.group}/{part.name}")

    def picture(self, path):
        found = os.stat(path)
        return Picture(path[len(self.home) :], f"{found.st_mtime_ns // 1000:x}", found.st_size)


class Catalogue:
    def __init__(self, figures):
        self.figures = {figure.name: figure for figure in figures}

    def get(self, name):
        try:
            return self.figures[name]
        except KeyError:
            raise web.HTTPNotFound(text=f"no figure {name}") from None


class Sheets:
    """What a bench shows: the parts of a figure in the order in which they are glued."""

    def __init__(self, layers):
        self.layers = layers

    def entry(self, folders, part):
        told = asdict(part)
        try:
            picture = self.layers.find(folders, part)
        except NoSuchPicture:
            return told | {"picture": None}
        return told | {"picture": f"/pictures{picture.path}?v={picture.version}", "bytes": picture.size}

    def sheet(self, figure):
        self.layers.look()
        folders = self.layers.order(figure)
        parts = [self.entry(folders, part) for part in figure.parts]
        missing = [part["name"] for part in parts if part["picture"] is None]
        weight = sum(part.pieces for part in figure.parts)
        return {"figure": figure.name, "carver": figure.carver, "parts": parts, "missing": missing, "pieces": weight}


routes = web.RouteTableDef()
CATALOGUE = web.AppKey("catalogue", Catalogue)
SHEETS = web.AppKey("sheets", Sheets)


@routes.get("/figures/{name}/sheet")
async def show_sheet(request):
    figure = request.app[CATALOGUE].get(request.match_info["name"])
    return web.json_response(request.app[SHEETS].sheet(figure))


@routes.get("/figures/{name}/label")
async def show_label(request):
    figure = request.app[CATALOGUE].get(request.match_info["name"])
    text = f"{figure.name} / {figure.region} / {figure.carver}"
    return web.json_response({"label": text, "check": zlib.crc32(text.encode()) % 97})


def create_app(figures, home):
    app = web.Application()
    app[CATALOGUE] = Catalogue(figures)
    app[SHEETS] = Sheets(Layers(home))
    app.add_routes(routes)
    return app


def carve(home):
    """The figures of this year, and pictures for their parts."""
    rng = random.Random(24)
    regions, seasons, carvers = ("seiffen", "gruna", "olbernhau"), ("advent", "easter", "summer"), "abcdef"
    woods = ("lime", "beech", "spruce")
    names = {group: [f"{group[:-1]}-{n:02d}" for n in range(40)] for group in GROUPS}
    layers = [f"carver-{carver}" for carver in carvers]
    layers += [*regions, *seasons, *woods, *(f"{region}-{season}" for region in regions for season in seasons)]
    for layer in [*layers, "house"]:
        for group in GROUPS:
            folder = Path(home, layer, group)
            folder.mkdir(parents=True)
            for name in names[group]:
                if layer == "house" or rng.random() < 0.03:
                    kind = rng.choice(KINDS[1:])
                    (folder / f"{name}{kind}").write_bytes(rng.randbytes(rng.randrange(80, 400)))
    figures = []
    for number in range(FIGURES):
        parts = []
        for _ in range(PARTS):
            group = rng.choice(GROUPS)
            parts.append(Part(group, rng.choice(names[group]), rng.randrange(1, 4)))
        origin = rng.choice(regions), rng.choice(seasons), rng.choice(carvers), rng.choice(woods)
        figures.append(Figure(f"king-{number:02d}", *origin, tuple(parts)))
    return figures


async def serve(app):
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sheets = [f"/figures/king-{n:02d}/sheet" for n in range(FIGURES)]
    labels = [f"/figures/king-{n:02d}/label" for n in range(FIGURES)]
    services.outside(lambda: clients.come(port, sheets, SHEETS_A_SECOND, 6))
    services.outside(lambda: clients.come(port, labels, 5, 2))
    await asyncio.sleep(1)
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


def main():
    home = os.path.abspath("pictures")
    figures = carve(home)
    asyncio.run(serve(create_app(figures, home)))


if __name__ == "__main__":
    main()
