function removeStale(cache, expired) {
  let removed = 0;
  while (expired.length > 0) { // <- outer
    const key = expired.pop();
    let at = -1;
    for (let i = cache.entries.length - 1; i >= 0 && at < 0; i--) {
      at = cache.entries[i].key === key ? i : -1; // <- 0
    }
    if (at >= 0) {
      cache.entries.splice(at, 1);
      removed += 1;
    }
  }
  cache.stats.evictions += removed;
  return removed;
}

exports.removeStale = removeStale;
