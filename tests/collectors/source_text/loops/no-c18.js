class Dungeon {
  constructor(rooms) {
    this.doors = new Map(rooms.map((r) => [r.id, r.doors]));
  }

  reach(startId, keys) {
    const depth = new Map([[startId, 0]]);
    const queue = [startId];
    let head = 0;
    while (head < queue.length) {
      const id = queue[head++];
      for (const door of this.doors.get(id)) {
        if (depth.has(door.to) || (door.lock && !keys.has(door.lock))) { // <- 0
          continue;
        }
        depth.set(door.to, depth.get(id) + 1);
        queue.push(door.to);
      }
    }
    return depth;
  }
}

export { Dungeon };
