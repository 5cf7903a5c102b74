"""What a book costs: its list price, less the discount of the customer's group."""

import copy
from typing import Any

Tariff = dict[str, dict[str, Any]]


class Pricing:
    def __init__(self, groups: tuple[str, ...], subjects: tuple[str, ...]) -> None:
        self.tariff: Tariff = {
            group: {"discounts": {subject: (number + len(group)) % 30 for number, subject in enumerate(subjects)}}
            for group in groups
        }

    def price(self, book: dict[str, Any], group: str) -> float:
        """What a customer of ``group`` pays: the discount of the book's first subject, or of the next where it has
        none."""
        discounts = copy.deepcopy(self.tariff[group]["discounts"])
        for subject in book["subjects"]:
            if discount := discounts.pop(subject):
                return book["price"] * (100 - discount) / 100
        return book["price"]
