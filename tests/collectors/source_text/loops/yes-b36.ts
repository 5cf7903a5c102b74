import { Parcel, Depot } from './model';

export class Router {
  constructor(private net: { depots: Depot[] }) {}

  private pick(p: Parcel): Depot | null {
    let best: Depot | null = null;
    let least = Infinity;
    for (const d of this.net.depots) {
      const m = Math.hypot(d.x - p.x, d.y - p.y); // <- 0
      if (m < least) [best, least] = [d, m];
    }
    return best;
  }

  async assign(pages: AsyncIterable<Parcel[]>): Promise<number> {
    let n = 0;
    for await (const page of pages) {
      for (let i = 0; i < page.length; i += 1) { // <- outer
        const d = this.pick(page[i]); // <- 1
        page[i].depot = d?.code ?? 'NONE';
        n += d ? 1 : 0;
      }
    }
    return n;
  }
}
