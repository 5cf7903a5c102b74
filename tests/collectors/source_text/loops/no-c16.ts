type Seat = 0 | 1 | 2 | 3;
interface Player { seat: Seat; chips: number; folded: boolean; bet: number }

export class BettingRound {
  constructor(private players: Player[], private log: (s: string) => void) {}

  private highest(): number {
    let top = 0;
    for (const p of this.players) {
      if (!p.folded && p.bet > top) top = p.bet; // <- 0
    }
    return top;
  }

  play(actions: Iterable<{ seat: Seat; kind: 'fold' | 'call' | 'raise'; by?: number }>): void {
    for (const a of actions) {
      const p = this.players[a.seat];
      if (a.kind === 'fold') {
        p.folded = true;
        continue;
      }
      const want = this.highest() + (a.kind === 'raise' ? a.by ?? 0 : 0); // <- 1
      const pay = Math.min(p.chips, want - p.bet);
      p.chips -= pay;
      p.bet += pay;
      this.log(`${a.seat} ${a.kind} ${pay}`);
    }
  }
}
