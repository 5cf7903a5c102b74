"""The sales report, straight from the ledger: records of 16 bytes, one a sale."""

import struct
from pathlib import Path

RECORD = struct.Struct("<IIQ")


class Reports:
    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger

    def sales(self) -> dict[int, int]:
        """Copies sold by shop."""
        sold: dict[int, int] = {}
        with open(self.ledger, "rb", buffering=0) as file:
            while record := file.read(RECORD.size):
                shop, copies, _ = RECORD.unpack(record)
                sold[shop] = sold.get(shop, 0) + copies
        return sold
