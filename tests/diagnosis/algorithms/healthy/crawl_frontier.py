"""Breadth-first link audit of a static site."""
from collections import deque
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

SKIPPED = (".png", ".jpg", ".svg", ".css", ".js", ".pdf")


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        wanted = {"a": "href", "link": "href", "iframe": "src"}.get(tag)
        for name, value in attrs:
            if name == wanted and value:
                self.found.append(value)


class Site:
    def __init__(self, root):
        self.root = Path(root)

    def read(self, url):
        target = self.root / url.lstrip("/")
        if target.is_dir():
            target /= "index.html"
        return target.read_text("utf-8") if target.exists() else None

    def links(self, url, html):
        parser = Links()
        parser.feed(html)  # <- hot 68
        for href in parser.found:
            link, _ = urldefrag(urljoin(url, href))  # <- hot 18
            if link.startswith("/") and not link.endswith(SKIPPED):
                yield link


def audit(site, start="/"):
    depth = {start: 0}
    broken = []
    queue = deque([start])
    while queue:
        url = queue.popleft()
        html = site.read(url)
        if html is None:
            broken.append(url)
            continue
        for link in site.links(url, html):
            if link not in depth:
                depth[link] = depth[url] + 1
                queue.append(link)
    return depth, broken


if __name__ == "__main__":
    import sys

    pages, dead = audit(Site(sys.argv[1]))
    print(f"{len(pages)} pages, deepest {max(pages.values())}, {len(dead)} broken")
