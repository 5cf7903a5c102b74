// expect: healthy bench
// Forced rhubarb from dark sheds, pulled by candlelight: each morning's crates go to markets in several countries, and
// growers, hauliers and buyers ask for the dispatch note of a market, in the words and the money of that market.
//
// Measured: 38 notes a second, 9.6 ms each, 40 % of a core; in the twin 0.8 ms each, 5 % of a core.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const path = require('path');

const MARKETS = {
  leeds: { locale: 'en-GB', currency: 'GBP', ahead: 0 },
  rungis: { locale: 'fr-FR', currency: 'EUR', ahead: 1 },
  hamburg: { locale: 'de-DE', currency: 'EUR', ahead: 1 },
  aarhus: { locale: 'da-DK', currency: 'DKK', ahead: 1 },
  bergen: { locale: 'nb-NO', currency: 'NOK', ahead: 1 },
};
const RATES = { GBP: 1, EUR: 1.17, DKK: 8.72, NOK: 13.4 };
const KINDS = ['Timperley Early', 'Stockbridge Arrow', 'Queen Victoria', 'Fenton Special', 'Reed Early'];
const SHEDS = 14;
const CRATES = 140; // on a note
const MORNINGS = 5;

// ---- crates

function pulled(market, morning) {
  const start = Date.UTC(2025, 1, 3 + morning, 4, 0);
  const shift = Object.keys(MARKETS).indexOf(market) * 17;
  return Array.from({ length: CRATES }, (_, n) => ({
    crate: `${market.slice(0, 2).toUpperCase()}${morning}${String(n).padStart(3, '0')}`,
    shed: ((n * 5 + shift) % SHEDS) + 1,
    kind: KINDS[(n + shift) % KINDS.length],
    grams: 4800 + ((n * 131 + shift * 7) % 900),
    at: start + n * 95000,
    pence: 1150 + ((n * 37 + morning * 11) % 420),
  }));
}

class CrateBook {
  constructor() {
    this.notes = new Map();
    for (const market of Object.keys(MARKETS)) {
      for (let morning = 0; morning < MORNINGS; morning++) {
        this.notes.set(`${market}/${morning}`, pulled(market, morning));
      }
    }
  }

  crates(market, morning) {
    return this.notes.get(`${market}/${morning}`);
  }
}

// ---- in the words of a market

class Wording {
  constructor({ locale, currency, ahead }) {
    this.locale = locale;
    this.currency = currency;
    this.ahead = ahead * 3600000;
    const oneDigit = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    this.amounts = new Intl.NumberFormat(locale, { style: 'currency', currency });
    this.weights = new Intl.NumberFormat(locale, { style: 'unit', unit: 'kilogram', ...oneDigit });
  }

  money(pence) {
    const amount = (pence / 100) * RATES[this.currency];
    return this.amounts.format(amount);
  }

  weight(grams) {
    return this.weights.format(grams / 1000);
  }

  clock(at) {
    return new Date(at + this.ahead).toISOString().slice(11, 16);
  }
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const WORDINGS = new Map(Object.entries(MARKETS).map(([market, words]) => [market, new Wording(words)]));

class DispatchNote {
  constructor(market, crates) {
    this.market = market;
    this.crates = crates;
    this.wording = WORDINGS.get(market);
  }

  sheds() {
    const sheds = new Map();
    for (const { shed, grams } of this.crates) sheds.set(shed, (sheds.get(shed) || 0) + grams);
    return [...sheds].sort(([a], [b]) => a - b);
  }

  row({ crate, shed, kind, grams, at, pence }) {
    const { wording } = this;
    const cells = [crate, `shed ${shed}`, escaped(kind), wording.clock(at)];
    cells.push(wording.weight(grams), wording.money(pence));
    return `<tr><td>${cells.join('</td><td>')}</td></tr>`;
  }

  html() {
    const { wording, crates } = this;
    const pence = crates.reduce((sum, crate) => sum + crate.pence, 0);
    const sheds = this.sheds().map(([shed, grams]) => `<li>shed ${shed}: ${wording.weight(grams)}</li>`);
    return [
      `<!doctype html><title>${this.market}</title><ul>`,
      ...sheds,
      '</ul><table>',
      ...crates.map((crate) => this.row(crate)),
      `</table><p>${crates.length} crates, ${wording.money(pence)}</p>`,
    ].join('\n');
  }
}

// ---- the service

class NoteService {
  constructor(book) {
    this.book = book;
    this.counts = { served: 0, missing: 0, spent: 0 };
  }

  find(url) {
    const [, kind, market, morning] = url.split('/');
    if (kind !== 'notes' || !Object.hasOwn(MARKETS, market)) return {};
    return { market, crates: this.book.crates(market, morning) };
  }

  /** So that the first who ask do not wait for the compiler. */
  warmUp() {
    for (let round = 0; round < 6; round++) {
      for (const [name, crates] of this.book.notes) new DispatchNote(name.split('/')[0], crates).html();
    }
  }

  handle(request, response) {
    const began = performance.now();
    const { market, crates } = this.find(request.url);
    if (!crates) {
      this.counts.missing++;
      response.writeHead(404, { 'Content-Length': 0 }).end();
      return;
    }
    const body = Buffer.from(new DispatchNote(market, crates).html());
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': body.length }).end(body);
    this.counts.served++;
    this.counts.spent += performance.now() - began;
  }
}

// ---- growers, hauliers and buyers, in a process of their own

function askers(port, rate) {
  const paths = ['/notes/leeds/99'];
  for (const market of Object.keys(MARKETS)) {
    for (let morning = 0; morning < MORNINGS; morning++) paths.push(`/notes/${market}/${morning}`);
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), String(rate), '6'];
  execFileSync(process.env.PYTHON, words, { stdio: 'ignore' });
}

function main() {
  const service = new NoteService(new CrateBook());
  const { counts } = service;
  service.warmUp();
  const server = http.createServer((request, response) => service.handle(request, response));
  server.keepAliveTimeout = 65000;
  server.listen(0, '127.0.0.1', () => {
    askers(server.address().port, 40);
    const warm = setInterval(() => {
      if (counts.served < 80) return;
      clearInterval(warm);
      console.log(`ready ${process.pid}`);
    }, 100);
  });
  setInterval(() => {
    const each = (counts.spent / counts.served).toFixed(2);
    console.error(`${counts.served} notes, ${each} ms each, ${counts.missing} missing`);
  }, 10000);
}

main();
