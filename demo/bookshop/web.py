"""Requests and answers."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bookshop.audit import Audit
from bookshop.catalogue import Catalogue
from bookshop.data import GROUPS, SUBJECTS, THEMES
from bookshop.pages import Pages
from bookshop.pricing import Pricing
from bookshop.reports import Reports
from bookshop.settings import Settings


class Shop:
    """Everything behind the web server."""

    def __init__(self, data: Path) -> None:
        self.settings = Settings(data / "shop.conf")
        self.catalogue = Catalogue(data / "catalogue.jsonl")
        self.pricing = Pricing(GROUPS, SUBJECTS)
        self.pages = Pages([data / "themes" / f"{number:02}" for number in range(THEMES)])
        self.reports = Reports(data / "ledger.bin")
        self.audit = Audit(data / "audit.log")

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, str]:
        """Status and body."""
        settings = self.settings.load()
        match path.strip("/").split("/"):
            case ["search"]:
                found = self.catalogue.search(query.get("subject", ""))
                return 200, json.dumps([{"id": book["id"], "title": book["title"]} for book in found[:20]])
            case ["book", number] if number.isdigit() and int(number) in self.catalogue.by_id:
                self.audit.record(f"book {number}")
                book, related = self.catalogue.with_related(int(number))
                return 200, self.pages.book(book, related, settings["name"])
            case ["quote"]:
                self.audit.record(f"quote {query['books']}")
                basket = [self.catalogue.by_id[int(number)] for number in query["books"].split(",")]
                rate = float(settings["rate." + query.get("currency", "000")])
                prices = [self.pricing.price(book, query.get("group", "retail")) for book in basket]
                self.reports.sold(int(query.get("shop", "0")), len(basket), sum(prices))
                return 200, json.dumps([round(price * rate, 2) for price in prices])
            case ["report"]:
                self.audit.record("report")
                return 200, json.dumps(self.reports.recent())
        return 404, "no such page"


class Handler(BaseHTTPRequestHandler):
    """One connection; the shop is set on the class before the first one."""

    shop: Shop
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        status, text = self.shop.answer(url.path, {name: found[0] for name, found in parse_qs(url.query).items()})
        body = text.encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The audit log says it all."""
