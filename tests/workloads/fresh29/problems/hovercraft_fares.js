// expect: pattern=repeated-computation bench
/*
 * Fare calendar of a hovercraft line: the booking page asks for a route, a month and a language, and gets a line for each
 * crossing with its day, hour, and price as they are to be shown.
 *
 * Measured: 12 calendars a second take 0.43 cores, 28 ms each (median) and 340 MB; repaired 0.03 cores, 2.7 ms,
 * 74 MB.
 */
const { spawn } = require('node:child_process');
const path = require('node:path');
const express = require('express');

const LANGUAGES = {
  'en-GB': { currency: 'GBP', rate: 0.86, from: 'from', full: 'sold out' },
  'de-DE': { currency: 'EUR', rate: 1, from: 'ab', full: 'ausgebucht' },
  'fr-FR': { currency: 'EUR', rate: 1, from: 'dès', full: 'complet' },
  'sv-SE': { currency: 'SEK', rate: 11.3, from: 'från', full: 'fullbokat' },
  'pl-PL': { currency: 'PLN', rate: 4.27, from: 'od', full: 'wyprzedane' },
};
const ROUTES = {
  'ryde-southsea': { zone: 'Europe/London', minutes: 10, cents: 1150 },
  'calais-dover': { zone: 'Europe/Paris', minutes: 35, cents: 4900 },
  'malmo-kastrup': { zone: 'Europe/Stockholm', minutes: 40, cents: 2300 },
};
const HOURS = [7, 10, 13, 17];
const REQUESTS_A_SECOND = 12;

function hash(text) {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  return value >>> 0;
}

class Timetable {
  constructor() {
    this.crossings = new Map();
    for (const route of Object.keys(ROUTES)) {
      for (let month = 0; month < 12; month++) this.crossings.set(`${route}/${month + 1}`, this.plan(route, month));
    }
  }

  plan(route, month) {
    const planned = [];
    const days = new Date(Date.UTC(2027, month + 1, 0)).getUTCDate();
    for (let day = 1; day <= days; day++) {
      for (const hour of HOURS) {
        const leaves = new Date(Date.UTC(2027, month, day, hour, 15));
        const number = hash(`${route}${leaves.toISOString()}`);
        planned.push({
          leaves,
          seats: 98,
          sold: number % 99,
          weekend: leaves.getUTCDay() % 6 === 0,
        });
      }
    }
    return planned;
  }

  of(route, month) {
    return this.crossings.get(`${route}/${month}`);
  }
}

function priceOf(crossing, route) {
  const demand = crossing.sold / crossing.seats;
  const season = crossing.weekend ? 1.2 : 1;
  return route.cents * season * (0.8 + demand * demand);
}

function showDay(date, language, zone) {
  return date.toLocaleDateString(language, { weekday: 'short', day: 'numeric', month: 'long', timeZone: zone }); // <- cost
}

function showHour(date, language, zone) {
  return date.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', timeZone: zone }); // <- cost
}

function showPrice(cents, language, words) {
  const amount = (cents / 100) * words.rate;
  return new Intl.NumberFormat(language, { style: 'currency', currency: words.currency }).format(amount); // <- cost
}

function calendar(timetable, name, month, language) {
  const route = ROUTES[name];
  const words = LANGUAGES[language];
  const lines = [];
  let cheapest = Infinity;
  for (const crossing of timetable.of(name, month)) { // <- cost
    const left = crossing.seats - crossing.sold;
    const cents = priceOf(crossing, route);
    const back = new Date(crossing.leaves.getTime() + route.minutes * 60000);
    if (left > 0) cheapest = Math.min(cheapest, cents);
    lines.push({
      day: showDay(crossing.leaves, language, route.zone), // <- cost
      leaves: showHour(crossing.leaves, language, route.zone), // <- cost
      arrives: showHour(back, language, route.zone), // <- cost
      price: left > 0 ? showPrice(cents, language, words) : words.full, // <- cost
      left,
    });
  }
  return { route: name, month, cheapest: `${words.from} ${showPrice(cheapest, language, words)}`, lines };
}

function service(timetable) {
  const app = express();
  app.disable('x-powered-by');
  app.get('/fares/:route/:month', (request, response) => {
    const { route, month } = request.params;
    const language = LANGUAGES[request.query.lang] ? request.query.lang : 'en-GB';
    if (!timetable.of(route, month)) {
      response.status(404).json({ error: 'no such route' });
      return;
    }
    response.json(calendar(timetable, route, month, language));
  });
  return app;
}

function startCustomers(port) {
  const paths = [];
  for (const route of Object.keys(ROUTES)) {
    for (let month = 1; month <= 12; month++) {
      for (const language of Object.keys(LANGUAGES)) paths.push(`/fares/${route}/${month}?lang=${language}`);
    }
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), String(REQUESTS_A_SECOND), '4'];
  spawn(process.env.PYTHON, words, { stdio: 'ignore' });
}

const server = service(new Timetable()).listen(0, '127.0.0.1', () => {
  startCustomers(server.address().port);
  setTimeout(() => console.log('ready', process.pid), 1500);
});
