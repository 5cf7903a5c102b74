"""Renders raster map tiles with hill shading."""
import math
from functools import lru_cache

import numpy as np

TILE = 256
_palette = {}
_shade_cache = {}  # <- cost


@lru_cache(maxsize=512)
def tile_bounds(z, x, y):
    n = 2.0 ** z
    west = x / n * 360.0 - 180.0
    east = (x + 1) / n * 360.0 - 180.0
    north = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / n))))
    south = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 1) / n))))
    return west, south, east, north


def palette(name):
    if name not in _palette:
        ramp = np.linspace(0, 255, 256).astype(np.uint8)
        if name == "terrain":
            _palette[name] = np.stack([ramp, 255 - ramp // 2, ramp // 3], axis=1)
        else:
            _palette[name] = np.stack([ramp] * 3, axis=1)
    return _palette[name]


def hillshade(dem, azimuth, altitude):
    gy, gx = np.gradient(dem)
    slope = np.pi / 2 - np.arctan(np.hypot(gx, gy))
    aspect = np.arctan2(-gx, gy)
    az = math.radians(360 - azimuth + 90)
    alt = math.radians(altitude)
    shaded = np.sin(alt) * np.sin(slope) + np.cos(alt) * np.cos(slope) * np.cos(az - aspect)
    return np.clip(shaded * 255, 0, 255).astype(np.uint8)  # <- made 100


class Renderer:
    def __init__(self, dem_source, style="terrain"):
        self.dem_source = dem_source
        self.style = style
        self.timings = []

    def shade_for(self, z, x, y, sun):
        key = (z, x, y, sun.azimuth, sun.altitude)
        shade = _shade_cache.get(key)
        if shade is None:
            dem = self.dem_source.read(tile_bounds(z, x, y), TILE)
            shade = hillshade(dem, sun.azimuth, sun.altitude)
            _shade_cache[key] = shade  # <- cost
        return shade

    def render(self, z, x, y, sun):
        shade = self.shade_for(z, x, y, sun)
        colors = palette(self.style)
        img = colors[shade]
        return img.tobytes()

    def render_batch(self, tiles, sun):
        out = {}
        for z, x, y in tiles:
            out[(z, x, y)] = self.render(z, x, y, sun)
        return out
