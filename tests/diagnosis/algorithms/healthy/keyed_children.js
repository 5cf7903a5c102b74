/** Brings the children of a host node from one keyed list of vnodes to another. */

export function patchChildren(host, oldList, newList, ops) {
  let start = 0;
  let oldEnd = oldList.length - 1;
  let newEnd = newList.length - 1;
  while (start <= oldEnd && start <= newEnd && oldList[start].key === newList[start].key) {
    ops.patch(oldList[start], newList[start]);
    start++;
  }
  while (start <= oldEnd && start <= newEnd && oldList[oldEnd].key === newList[newEnd].key) {
    ops.patch(oldList[oldEnd--], newList[newEnd--]);
  }
  patchMiddle(host, oldList.slice(start, oldEnd + 1), newList.slice(start, newEnd + 1), {
    ...ops,
    after: newEnd + 1 < newList.length ? newList[newEnd + 1] : null,
  });
}

function patchMiddle(host, oldList, newList, ops) {
  const indexOfKey = new Map(newList.map((vnode, i) => [vnode.key, i])); // <- hot 21
  const oldIndex = new Int32Array(newList.length);
  let furthest = 0;
  let moved = false;
  for (let i = 0; i < oldList.length; i++) {
    const target = indexOfKey.get(oldList[i].key); // <- hot 17
    if (target === undefined) {
      ops.remove(host, oldList[i]);
      continue;
    }
    oldIndex[target] = i + 1;
    if (target >= furthest) furthest = target;
    else moved = true;
    ops.patch(oldList[i], newList[target]); // <- hot 28
  }
  const stable = moved ? longestIncreasing(oldIndex) : [];
  let s = stable.length - 1;
  for (let i = newList.length - 1; i >= 0; i--) {
    const anchor = i + 1 < newList.length ? newList[i + 1] : ops.after;
    if (oldIndex[i] === 0) {
      ops.mount(host, newList[i], anchor);
    } else if (moved) {
      if (s >= 0 && stable[s] === i) s--;
      else ops.move(host, newList[i], anchor);
    }
  }
}

/** Indices of a longest increasing run of the values which are not zero. */
export function longestIncreasing(values) {
  const before = new Int32Array(values.length);
  const tails = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === 0) continue;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (values[tails[mid]] < value) low = mid + 1; // <- hot 13
      else high = mid;
    }
    before[i] = low > 0 ? tails[low - 1] : -1;
    tails[low] = i;
  }
  const result = new Array(tails.length);
  for (let k = tails.length - 1, i = tails[k]; k >= 0; k--, i = before[i]) result[k] = i;
  return result;
}
