"""Cookie storage for the asynchronous HTTP client."""
import time
from collections import defaultdict
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlsplit

MAX_TIME = 2 ** 31 - 1


class CookieStore:
    def __init__(self, unsafe=False, clock=time.time):
        self._cookies = defaultdict(SimpleCookie)  # <- cost
        self._host_only = set()
        self._expirations = {}
        self._unsafe = unsafe
        self._clock = clock

    def clear_expired(self):
        now = self._clock()
        dead = [key for key, when in self._expirations.items() if when <= now]
        for domain, path, name in dead:
            self._expirations.pop((domain, path, name), None)
            self._host_only.discard((domain, name))
            self._cookies[(domain, path)].pop(name, None)
            if not self._cookies[(domain, path)]:
                del self._cookies[(domain, path)]

    def update(self, headers, url):
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not self._unsafe and host.replace(".", "").isdigit():
            return
        for header in headers:
            parsed = SimpleCookie()
            parsed.load(header)
            for name, morsel in parsed.items():
                domain = morsel["domain"].lstrip(".")
                if not domain:
                    self._host_only.add((host, name))
                    domain = host
                elif not self._matches(domain, host):
                    continue
                path = morsel["path"]
                if not path.startswith("/"):
                    path = "/" + parts.path.lstrip("/").rpartition("/")[0]
                path = path.rstrip("/")
                self._expire(domain, path, name, morsel)
                self._cookies[(domain, path)][name] = morsel
        self.clear_expired()

    def _expire(self, domain, path, name, morsel):
        age = morsel["max-age"]
        if age:
            try:
                when = min(self._clock() + int(age), MAX_TIME)
            except ValueError:
                morsel["max-age"] = ""
                return
            self._expirations[(domain, path, name)] = when

    def filter(self, url):
        """The cookies that go out with a request to url."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        secure = parts.scheme in ("https", "wss")
        out = SimpleCookie()
        if not self._cookies:
            return out

        labels = host.split(".")
        domains = [".".join(labels[i:]) for i in range(len(labels) - 1)]
        paths = [""]
        for piece in parts.path.strip("/").split("/"):
            paths.append(paths[-1] + "/" + piece)  # <- made 12

        pairs = [(d, p) for d in domains for p in paths]  # <- made 20
        for pair in pairs:
            for name, cookie in self._cookies[pair].items():  # <- made 55 <- cost
                if (pair[0], name) in self._host_only and pair[0] != host:
                    continue
                if cookie["secure"] and not secure:
                    continue
                copy = Morsel()
                copy.set(name, cookie.value, cookie.coded_value)
                out[name] = copy
        return out

    @staticmethod
    def _matches(domain, host):
        return host == domain or host.endswith("." + domain)
