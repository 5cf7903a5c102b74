interface CalEvent { start: number; end: number; title: string }
interface Laid extends CalEvent { left: number; width: number }

const concurrent = (all: CalEvent[], ev: CalEvent): number => {
  let n = 0;
  for (const other of all) {
    if (other.start < ev.end && other.end > ev.start) n++; // <- 0
  }
  return n;
};

export function layoutEvents(events: CalEvent[], px: number): Laid[] {
  const out: Laid[] = [];
  let lane = 0;
  let i = 0;
  while (i < events.length) { // <- outer
    const ev = events[i++];
    const n = concurrent(events, ev); // <- 1
    lane = n === 1 ? 0 : (lane + 1) % n;
    out.push({ ...ev, left: (px / n) * lane, width: px / n - 2 });
  }
  return out;
}
