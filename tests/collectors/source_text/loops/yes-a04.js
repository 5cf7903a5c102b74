const fs = require('fs');

function collectHosts(path) {
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  const hosts = [];
  const hits = [];
  for (let i = 0; i < lines.length; i++) { // <- outer
    const m = /^(\S+) - - \[/.exec(lines[i]);
    if (!m) continue;
    const at = hosts.indexOf(m[1]); // <- 0
    if (at < 0) {
      hosts.push(m[1]);
      hits.push(1);
    } else {
      hits[at]++;
    }
  }
  return hosts.map((h, i) => ({ host: h, count: hits[i] }));
}

module.exports = { collectHosts };
