const normalize = (s) => s.trim().toLowerCase();

function mergeTags(posts) {
  const names = [];
  const counts = [];
  for (let i = 0; i < posts.length; i += 1) { // <- outer
    const tags = posts[i].tags || [];
    for (const tag of tags) {
      const name = normalize(tag);
      const at = names.indexOf(name); // <- 0
      if (at === -1) {
        names.push(name);
        counts.push(1);
      } else {
        counts[at] += 1;
      }
    }
  }
  return names.map((name, i) => ({ name, count: counts[i] }));
}

module.exports = { mergeTags };
