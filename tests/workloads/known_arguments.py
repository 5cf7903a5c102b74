"""Functions that are called with known numbers of different arguments, again and again, each for some milliseconds."""

import os
import textwrap
import time

FEW, MANY = 7, 100_000
TEXTS = ["".join(f"clause {number} of part {part}; " for number in range(480)) for part in range(5)]


def spin(milliseconds=2.0):
    until = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < until:
        pass


class Tariff:
    def __init__(self, zones):
        self.zones = list(range(zones))

    def price(self, zone, *, weight=1.5):
        spin()
        return self.zones[zone] * weight

    def nothing_else(self):
        spin()
        return len(self.zones)


class Order:
    def __init__(self, number):
        self.number = number


def by_name(name, at):
    spin()
    return name, at


def each_another(number):
    spin()
    return number


def by_object(order):
    spin()
    return order.number


def by_large(number, ratio):
    spin()
    return number, ratio


def by_own_text(text):
    spin()
    return len(text)


def by_made_text(text):
    spin()
    return len(text)


def by_pair(pair):
    spin()
    return pair


def by_others(*numbers, **named):
    spin()
    return numbers, named


def in_a_closure(number):
    spin()
    return lambda: number


def once_for_long(seconds):
    spin(1000 * seconds)


def work(tariff, orders):
    for number in range(MANY):
        one = number % FEW
        tariff.price(one, weight=1.5)
        tariff.nothing_else()
        by_name(f"name-{one}", one)
        each_another(number)
        by_object(orders[one])
        by_large(10**15 + one, 1.25 * one)
        by_own_text(TEXTS[number % len(TEXTS)])
        by_made_text("".join(list(TEXTS[number % len(TEXTS)])))
        by_pair((one, str(one)))
        by_others(one, 2, 3)
        in_a_closure(one)
        textwrap.fill(TEXTS[number % len(TEXTS)], 60)
        if number % 400 == 399:
            once_for_long(0.3)


if __name__ == "__main__":
    print("ready", os.getpid(), flush=True)
    work(Tariff(FEW), [Order(number) for number in range(FEW)])
