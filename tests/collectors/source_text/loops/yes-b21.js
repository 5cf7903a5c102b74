export function reconcile(prev, next, patch) {
  const seen = [];
  next.children.forEach((child, pos) => { // <- outer
    const old = prev?.children?.findIndex(c => c.key === child.key) ?? -1; // <- 0
    if (old < 0) {
      patch.push({ op: 'insert', pos, child });
    } else {
      seen.push(child.key);
      if (old !== pos) patch.push({ op: 'move', from: old, to: pos });
    }
  });
  patch.push({ op: 'trim', keep: seen.length });
  return patch;
}
