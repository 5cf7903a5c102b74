"""Aggregates GPS pings per map tile and layer."""
import math
import struct


class TileKey:
    __slots__ = ("layer", "zoom", "x", "y")

    def __init__(self, layer, zoom, x, y):
        self.layer = layer
        self.zoom = zoom
        self.x = x
        self.y = y

    def __eq__(self, other):
        return (  # <- hot 12
            self.layer == other.layer
            and self.zoom == other.zoom
            and self.x == other.x
            and self.y == other.y
        )

    def __hash__(self):
        return hash((self.layer, self.zoom, self.x, self.y))  # <- hot 16


def tile_for(lat, lon, zoom, layer):
    n = 1 << zoom
    x = int((lon + 180.0) / 360.0 * n)
    rad = math.radians(lat)
    y = int((1.0 - math.asinh(math.tan(rad)) / math.pi) / 2.0 * n)  # <- hot 18
    return TileKey(layer, zoom, min(x, n - 1), min(y, n - 1))


class Heatmap:
    RECORD = struct.Struct("<ffB")

    def __init__(self, zoom=16):
        self.zoom = zoom
        self.counts = {}

    def add(self, lat, lon, layer):
        key = tile_for(lat, lon, self.zoom, layer)
        self.counts[key] = self.counts.get(key, 0) + 1  # <- hot 20

    def consume(self, blob):
        for lat, lon, layer in self.RECORD.iter_unpack(blob):
            self.add(lat, lon, layer)

    def hottest(self, limit=20):
        ranked = sorted(self.counts.items(), key=lambda kv: kv[1], reverse=True)
        return ranked[:limit]
