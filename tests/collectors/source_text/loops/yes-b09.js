function mergeCarts(guest, member) {
  const lines = member.lines.slice();
  outer:
  for (const g of guest.lines) { // <- outer
    for (let k = 0; k < lines.length; k++) {
      if (lines[k].sku === g.sku && lines[k].giftWrap === g.giftWrap) { // <- 0
        lines[k] = { ...lines[k], qty: lines[k].qty + g.qty };
        continue outer;
      }
    }
    lines.push({ ...g });
  }
  return { ...member, lines, updatedAt: Date.now() };
}

module.exports = mergeCarts;
