export interface Player {
  id: string;
  name: string;
  rating: number;
  games: number;
}

export interface Row extends Player {
  rank: number;
  percentile: number;
}

export class Leaderboard {
  private readonly players = new Map<string, Player>();

  upsert(player: Player): void {
    this.players.set(player.id, player);
  }

  record(winnerId: string, loserId: string, k = 24): void {
    const w = this.players.get(winnerId)!;
    const l = this.players.get(loserId)!;
    const expected = 1 / (1 + 10 ** ((l.rating - w.rating) / 400));
    w.rating += k * (1 - expected);
    l.rating -= k * (1 - expected);
    w.games++;
    l.games++;
  }

  get ranking(): Player[] {
    return [...this.players.values()].sort((a, b) => b.rating - a.rating); // <- hot 71
  }

  rows(): Row[] {
    const size = this.players.size;
    return this.ranking.map((player, i) => ({
      ...player, // <- hot 18
      rank: i + 1,
      percentile: 100 * (1 - (i + 1) / size),
    }));
  }
}
