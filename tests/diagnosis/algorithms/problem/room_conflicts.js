import { parseISO } from "date-fns";

export function toSlot(booking) {
  return {
    id: booking.id,
    room: booking.room,
    from: parseISO(booking.start).getTime(),
    to: parseISO(booking.end).getTime(),
  };
}

const overlaps = (a, b) => a.from < b.to && b.from < a.to; // <- hot 36

export function conflicts(slots) {
  const found = [];
  slots.forEach((a, i) => {
    for (let j = i + 1; j < slots.length; j++) { // <- cost hot 19
      const b = slots[j];
      if (a.room === b.room && overlaps(a, b)) { // <- cost hot 37
        found.push([a.id, b.id]);
      }
    }
  });
  return found;
}

export function summary(bookings) {
  const pairs = conflicts(bookings.map(toSlot));
  const perBooking = new Map();
  for (const [a, b] of pairs) {
    perBooking.set(a, (perBooking.get(a) ?? 0) + 1);
    perBooking.set(b, (perBooking.get(b) ?? 0) + 1);
  }
  return {
    total: pairs.length,
    worst: [...perBooking].sort((x, y) => y[1] - x[1]).slice(0, 10),
  };
}
