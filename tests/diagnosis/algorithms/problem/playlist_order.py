"""Restores the user's own order of a playlist after a catalogue refresh."""
import json
from operator import itemgetter


class Playlist:
    def __init__(self, name, track_ids):
        self.name = name
        self.track_ids = list(track_ids)

    @classmethod
    def from_file(cls, path):
        with open(path) as fh:
            doc = json.load(fh)
        return cls(doc["name"], doc["tracks"])

    def arrange(self, tracks):
        known = [t for t in tracks if t["id"] in self.track_ids]  # <- cost hot 46
        return sorted(known, key=lambda t: self.track_ids.index(t["id"]))  # <- cost hot 49


def fetch_tracks(session, catalogue_url):
    page = 0
    while True:
        batch = session.get(catalogue_url, params={"page": page}).json()
        if not batch:
            return
        yield from batch
        page += 1


def refresh(session, url, playlist):
    tracks = playlist.arrange(fetch_tracks(session, url))
    return {
        "name": playlist.name,
        "tracks": tracks,
        "seconds": sum(map(itemgetter("duration"), tracks)),
    }
