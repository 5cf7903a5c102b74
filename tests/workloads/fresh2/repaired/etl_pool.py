# expect: healthy bench
"""Converts the sales of each day into one currency, with the catalogue at hand, in a pool of processes."""

import logging
import multiprocessing
import os

ARTICLES, BATCH, BATCHES = 12000, 1500, 40
logging.basicConfig(filename="sales.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def catalogue():
    """Name, group, weight and price of each article, as the shop exports them."""
    return {
        f"A-{number:06}": {
            "name": f"article {number} of the spring list",
            "group": number % 40,
            "grams": 50 + number * 31 % 4000,
            "cents": 99 + number * 7919 % 9000,
        }
        for number in range(ARTICLES)
    }


def sales(day, batch):
    for number in range(BATCH):
        mixed = (day * 7919 + batch * 104729 + number * 31) % 1000003
        yield f"A-{mixed % ARTICLES:06}", 1 + mixed % 5, ("EUR", "CHF", "SEK")[mixed % 3]


def begin(articles, rates):
    """What each process of the pool keeps."""
    convert.articles, convert.rates = articles, rates


def convert(task):
    """The turnover and the weight of each group in one batch of the sales of a day."""
    articles, rates = convert.articles, convert.rates
    turnover, grams = {}, {}
    for number, pieces, currency in sales(*task):
        article = articles[number]
        group = article["group"]
        turnover[group] = turnover.get(group, 0) + round(article["cents"] * pieces * rates[currency])
        grams[group] = grams.get(group, 0) + article["grams"] * pieces
    return turnover, grams


def main():
    articles = catalogue()
    rates = {"EUR": 1.0, "CHF": 1.05, "SEK": 0.09}
    done = 0
    with multiprocessing.get_context("fork").Pool(2, begin, (articles, rates)) as pool:
        print("ready", os.getpid(), flush=True)
        for day in range(1 << 40):
            totals = {}

            for turnover, _ in pool.imap_unordered(convert, [(day, batch) for batch in range(BATCHES)]):
                for group, cents in turnover.items():
                    totals[group] = totals.get(group, 0) + cents
                done += BATCH
            logging.info("%d sales, %.2f EUR on day %d", done, sum(totals.values()) / 100, day)


main()
