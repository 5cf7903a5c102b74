import { parseISO } from "date-fns";

export function toSlot(booking) {
  return {
    id: booking.id,
    room: booking.room,
    from: parseISO(booking.start).getTime(),
    to: parseISO(booking.end).getTime(),
  };
}

function groupByRoom(slots) {
  const rooms = new Map();
  for (const slot of slots) {
    if (!rooms.has(slot.room)) rooms.set(slot.room, []);
    rooms.get(slot.room).push(slot); // <- hot 14
  }
  return rooms;
}

export function conflicts(slots) {
  const found = [];
  for (const own of groupByRoom(slots).values()) {
    own.sort((a, b) => a.from - b.from); // <- hot 53
    let active = [];
    for (const slot of own) {
      active = active.filter((other) => other.to > slot.from); // <- hot 18
      for (const other of active) found.push([other.id, slot.id]);
      active.push(slot);
    }
  }
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
