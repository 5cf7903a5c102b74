export function visit(root, fn) {
  const queue = [root];
  let depth = 0;
  while (queue.length) {
    const level = queue.splice(0);
    for (const node of level) {
      fn(node, depth);
      node.children?.forEach(c => {
        if (!c.hidden) queue.push(c); // <- 0
      });
    }
    depth++;
  }
  return depth;
}

export function depths(forest) {
  return forest.map(tree => visit(tree, () => {})); // <- 1
}
