interface Reading { sensor: string; at: number; value: number }
interface Gap { sensor: string; from: number; to: number }

export function findGaps(readings: Reading[], maxGap: number): Gap[] {
  const bySensor = new Map<string, Reading[]>();
  for (const r of readings) {
    const list = bySensor.get(r.sensor);
    if (list) list.push(r);
    else bySensor.set(r.sensor, [r]);
  }

  const gaps: Gap[] = [];
  bySensor.forEach((list, sensor) => {
    list.sort((a, b) => a.at - b.at);
    let prev = list[0];
    for (const cur of list) {
      if (cur.at - prev.at > maxGap && cur.sensor === prev.sensor) { // <- 0
        gaps.push({ sensor, from: prev.at, to: cur.at });
      }
      prev = cur;
    }
  });
  return gaps;
}
