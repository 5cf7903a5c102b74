const WIDTH = 7;
const HEIGHT = 6;
const ORDER = [3, 2, 4, 1, 5, 0, 6];
const DIRECTIONS = [1n, 7n, 6n, 8n];

export class Position {
  constructor(
    readonly mine: bigint = 0n,
    readonly mask: bigint = 0n,
    readonly moves = 0,
  ) {}

  canPlay(col: number): boolean {
    return (this.mask & (1n << BigInt(col * 7 + HEIGHT - 1))) === 0n; // <- hot 12
  }

  play(col: number): Position {
    const filled = this.mask | (this.mask + (1n << BigInt(col * 7))); // <- hot 17
    return new Position(this.mine ^ this.mask, filled, this.moves + 1);
  }

  justWon(): boolean {
    const stones = this.mine ^ this.mask;
    for (const d of DIRECTIONS) {
      const pairs = stones & (stones >> d); // <- hot 29
      if (pairs & (pairs >> (2n * d))) return true; // <- hot 18
    }
    return false;
  }

  key(): string {
    return (this.mine + this.mask).toString(36);
  }
}

export class Solver {
  private seen = new Map<string, number>();

  search(pos: Position, alpha: number, beta: number, depth: number): number {
    if (pos.justWon()) return -(WIDTH * HEIGHT + 1 - pos.moves);
    if (pos.moves === WIDTH * HEIGHT || depth === 0) return 0;
    const key = `${pos.key()}:${depth}`;
    const known = this.seen.get(key);
    if (known !== undefined && known <= alpha) return known;
    for (const col of ORDER) {
      if (!pos.canPlay(col)) continue;
      const score = -this.search(pos.play(col), -beta, -alpha, depth - 1);
      if (score >= beta) return score;
      if (score > alpha) alpha = score;
    }
    this.seen.set(key, alpha);
    return alpha;
  }

  best(pos: Position, depth = 10): number {
    const moves = ORDER.filter((c) => pos.canPlay(c));
    const scores = moves.map((c) => -this.search(pos.play(c), -99, 99, depth));
    return moves[scores.indexOf(Math.max(...scores))];
  }
}
