"""Sales, in a ledger: records of 16 bytes, one a sale, the newest last."""

import os
import struct
from pathlib import Path

RECORD = struct.Struct("<IIQ")
RECENT = 3500


class Reports:
    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.book = ledger.open("ab", buffering=0)

    def sold(self, shop: int, copies: int, price: float) -> None:
        """Book a sale."""
        self.book.write(RECORD.pack(shop, copies, round(price * 100)))

    def recent(self) -> dict[int, int]:
        """Copies sold by shop, in the most recent sales."""
        sold: dict[int, int] = {}
        with open(self.ledger, "rb", buffering=0) as file:
            file.seek(-RECENT * RECORD.size, os.SEEK_END)
            while record := file.read(RECORD.size):
                shop, copies, _ = RECORD.unpack(record)
                sold[shop] = sold.get(shop, 0) + copies
        return sold
