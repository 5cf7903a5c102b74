# expect: pattern=gc-pressure
"""A service that collects garbage after every request, to keep its memory small."""

import gc
import os


class Customer:
    def __init__(self, number):
        self.number = number
        self.name = f"customer {number}"
        self.orders = [(number, n) for n in range(3)]


customers = {number: Customer(number) for number in range(60_000)}


def answer(number):
    found = [customers[n % len(customers)] for n in range(number, number + 200)]
    return sum(len(customer.orders) + len(customer.name) for customer in found)


def serve(number):
    reply = answer(number)
    gc.collect()  # <- cost
    return reply


print("ready", os.getpid(), flush=True)
number = 0
while True:
    serve(number)
    number += 1
