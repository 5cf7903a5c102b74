const known = [];

function remember(url) {
  const clean = url.split('#')[0].replace(/\/$/, '');
  if (known.indexOf(clean) === -1) { // <- 0
    known.push(clean);
    return true;
  }
  return false;
}

function links(page) {
  const next = [];
  for (const a of page.anchors) {
    if (a.href && remember(a.href)) next.push(a.href); // <- 1
  }
  return next;
}

async function crawl(seed, fetchPage, limit = 20000) {
  const queue = [seed];
  let done = 0;
  while (queue.length && done < limit) { // <- outer
    const page = await fetchPage(queue.pop());
    done++;
    if (page?.anchors) queue.push(...links(page)); // <- 2
  }
  return done;
}

module.exports = { crawl };
