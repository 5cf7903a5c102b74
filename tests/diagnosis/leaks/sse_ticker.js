'use strict';

const http = require('http');
const url = require('url');

const prices = new Map();
const subscribers = {}; // <- cost

function subscribe(symbol, fn) {
  const list = subscribers[symbol] || (subscribers[symbol] = []);
  list.push(fn); // <- cost
  return () => {
    const i = list.indexOf(fn);
    if (i >= 0) list.splice(i, 1);
  };
}

function publish(symbol, price) {
  prices.set(symbol, price);
  for (const fn of subscribers[symbol] || []) fn(symbol, price);
}

function makeWindow(size) {
  return { samples: new Float64Array(size), count: 0 }; // <- made 80
}

function addSample(win, price) {
  win.samples[win.count % win.samples.length] = price;
  win.count += 1;
  const n = Math.min(win.count, win.samples.length);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += win.samples[i];
  return sum / n;
}

function stream(req, res, query) {
  const symbols = String(query.symbols || '').split(',').filter(Boolean);
  const stops = [];
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
  });
  const heartbeat = setInterval(() => res.write(': ping\n\n'), 15000);

  for (const symbol of symbols) {
    const win = makeWindow(Number(query.window) || 200);
    const onPrice = (s, price) => { // <- made 20
      if (res.writableEnded) return;
      const mean = addSample(win, price);
      res.write(`event: tick\ndata: ${JSON.stringify({ s, price, mean })}\n\n`);
    };
    if (prices.has(symbol)) {
      stops.push(subscribe(symbol, onPrice));
      onPrice(symbol, prices.get(symbol));
    } else {
      subscribe(symbol, onPrice); // <- cost
    }
  }

  req.on('close', () => {
    clearInterval(heartbeat);
    while (stops.length) stops.pop()();
  });
}

function start(port) {
  const server = http.createServer((req, res) => {
    const parsed = url.parse(req.url, true);
    if (parsed.pathname === '/stream') return stream(req, res, parsed.query);
    if (parsed.pathname === '/prices') return res.end(JSON.stringify([...prices]));
    res.statusCode = 404;
    res.end();
  });
  return server.listen(port);
}

module.exports = { start, publish };
