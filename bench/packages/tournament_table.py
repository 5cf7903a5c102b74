"""Who could have beaten whom, over others, in a season of games."""

import os
import random

import networkx as nx

PLAYERS = 30
order = random.Random(7)


def season():
    games = nx.DiGraph()
    for one in range(PLAYERS):
        for other in range(one):
            games.add_edge(*((one, other) if order.random() < 0.5 else (other, one)))
    return games


def table(games):
    return {player: nx.tournament.is_reachable(games, player, 0) for player in range(1, PLAYERS)}


def points(games):
    return sorted(games.out_degree(), key=lambda pair: -pair[1])


print("ready", os.getpid(), flush=True)
while True:
    games = season()
    points(games)
    table(games)
