const VOID_PROPS = ["key", "ref", "children"];

function diffProps(before, after, patch) {
  for (const name of Object.keys(after)) { // <- hot 26
    if (VOID_PROPS.includes(name)) continue; // <- hot 12
    if (before[name] !== after[name]) patch.push({ op: "set", name, value: after[name] });
  }
  for (const name of Object.keys(before)) { // <- hot 21
    if (!(name in after)) patch.push({ op: "unset", name });
  }
}

function keyMap(children) {
  const map = new Map();
  children.forEach((child, i) => map.set(child.props.key ?? i, child)); // <- hot 16
  return map;
}

function diffChildren(before, after, patch) {
  const old = keyMap(before);
  after.forEach((child, i) => {
    const key = child.props.key ?? i;
    const prior = old.get(key);
    if (!prior) {
      patch.push({ op: "insert", at: i, child });
      return;
    }
    old.delete(key);
    const inner = diff(prior, child);
    if (inner.length) patch.push({ op: "child", at: i, patch: inner });
  });
  for (const key of old.keys()) patch.push({ op: "remove", key });
}

export function diff(before, after) {
  if (before === after) return [];
  if (before.type !== after.type) return [{ op: "replace", node: after }];
  const patch = [];
  diffProps(before.props, after.props, patch);
  diffChildren(before.props.children ?? [], after.props.children ?? [], patch);
  return patch;
}

export function createRoot(render, commit) {
  let current = null;
  return {
    update(state) {
      const next = render(state);
      const patch = current ? diff(current, next) : [{ op: "replace", node: next }];
      current = next;
      if (patch.length) commit(patch);
    },
  };
}
