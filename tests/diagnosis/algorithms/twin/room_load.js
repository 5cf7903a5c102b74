'use strict';

const MINUTE = 60 * 1000;

function parseBooking(line) {
  const [room, start, end] = line.split(',');
  return { room, start: Date.parse(start), end: Date.parse(end) }; // <- hot 44
}

/** The busiest moment of a site: how many rooms are in use, and when. */
function peak(bookings) {
  const starts = bookings.map((b) => b.start).sort((x, y) => x - y); // <- hot 21
  const ends = bookings.map((b) => b.end).sort((x, y) => x - y); // <- hot 20
  let best = { count: 0, at: 0 };
  let closed = 0;
  for (let i = 0; i < starts.length; i++) {
    while (ends[closed] <= starts[i]) closed++;
    const count = i + 1 - closed;
    if (count > best.count) best = { count, at: starts[i] };
  }
  return best;
}

function reportBySite(linesBySite) {
  const report = {};
  for (const [site, lines] of Object.entries(linesBySite)) {
    const bookings = lines.map(parseBooking).filter((b) => b.end - b.start >= MINUTE);
    const { count, at } = peak(bookings);
    report[site] = { rooms: count, at: new Date(at).toISOString() };
  }
  return report;
}

module.exports = { peak, reportBySite };
