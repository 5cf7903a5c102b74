const SUITS = ['clubs', 'diamonds', 'hearts', 'spades'];

class Table {
  constructor(players) {
    this.players = players;
    this.trump = SUITS[0];
    this.scores = players.map(() => 0);
  }

  winner(trick) {
    let best = 0;
    for (let i = 1; i < trick.length; i++) {
      const a = trick[i];
      const b = trick[best];
      if (a.suit === b.suit ? a.rank > b.rank : a.suit === this.trump) { // <- 0
        best = i;
      }
    }
    return best;
  }

  simulate(rounds, rng) {
    for (let r = 0; r < rounds; r++) {
      this.trump = SUITS[r % 4];
      const trick = this.players.map((p) => p.choose(rng, this.trump));
      const at = this.winner(trick); // <- 1
      this.scores[at] += 1;
    }
    return this.scores;
  }
}

module.exports = Table;
