import collections
import re
import urllib.parse
import urllib.request
from html.parser import HTMLParser


class LinkParser(HTMLParser):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.links = []
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            href = dict(attrs).get("href")
            if href:
                self.links.append(urllib.parse.urljoin(self.base, href))
        self._in_title = tag == "title"

    def handle_data(self, data):
        if self._in_title:
            self.title += data


class Page:
    def __init__(self, url, referrer, html):
        self.url = url
        self.referrer = referrer
        self.html = html


class Crawler:
    def __init__(self, sink, max_depth=6):
        self.sink = sink
        self.max_depth = max_depth
        self.frontier = collections.deque()
        self.host_counts = collections.Counter()
        self.pages = {}  # <- cost
        self.robots = {}

    def fetch(self, url):
        with urllib.request.urlopen(url, timeout=10) as resp:
            raw = resp.read()
            charset = resp.headers.get_content_charset() or "utf-8"
        return raw.decode(charset, "replace")  # <- made 100

    def allowed(self, url):
        host = urllib.parse.urlsplit(url).netloc
        if host not in self.robots:
            if len(self.robots) > 500:
                self.robots.clear()
            try:
                text = self.fetch("https://%s/robots.txt" % host)
            except OSError:
                text = ""
            self.robots[host] = re.findall(r"^Disallow:\s*(\S+)", text, re.M)[:100]
        path = urllib.parse.urlsplit(url).path
        return not any(path.startswith(p) for p in self.robots[host])

    def run(self, start):
        self.frontier.append((start, None, 0))
        while self.frontier:
            url, referrer, depth = self.frontier.popleft()
            if url in self.pages or depth > self.max_depth or not self.allowed(url):
                continue
            try:
                html = self.fetch(url)
            except OSError:
                continue
            page = Page(url, referrer, html)
            self.pages[url] = page  # <- cost
            self._extract(page, depth)

    def _extract(self, page, depth):
        parser = LinkParser(page.url)
        parser.feed(page.html)
        self.sink.write({"url": page.url, "title": parser.title, "from": page.referrer})
        fresh = {l.split("#")[0] for l in parser.links if l.startswith("https://")}
        for link in fresh:
            host = urllib.parse.urlsplit(link).netloc
            if self.host_counts[host] < 2000:
                self.host_counts[host] += 1
                self.frontier.append((link, page.url, depth + 1))
