'use strict';

const MINUTE = 60 * 1000;

function parseBooking(line) {
  const [room, start, end] = line.split(',');
  return { room, start: Date.parse(start), end: Date.parse(end) };
}

function activeAt(bookings, t) {
  let n = 0;
  for (const b of bookings) {
    if (b.start <= t && t < b.end) n++; // <- hot 93
  }
  return n;
}

/** The busiest moment of a site: how many rooms are in use, and when. */
function peak(bookings) {
  let best = { count: 0, at: 0 };
  for (const b of bookings) {
    const count = activeAt(bookings, b.start); // <- cost
    if (count > best.count) best = { count, at: b.start };
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
