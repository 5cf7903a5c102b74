// expect: healthy bench
/*
 * Terminal host for agents who sell tours to geysers. Agents send lines of the old kind on a TCP line that they keep:
 * "A 14AUG STR" (what is free), "F 14AUG STR 3" (fares for three), "S STR" (how a tour sells); each answer is a few lines
 * and an empty one.
 */
const { spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const TOURS = {
  STR: { name: 'STROKKUR', seats: 42, isk: 12900 },
  GEY: { name: 'GEYSIR', seats: 56, isk: 9900 },
  HVE: { name: 'HVERAVELLIR', seats: 18, isk: 31900 },
  LEI: { name: 'LEIRHNJUKUR', seats: 24, isk: 18500 },
};
const DEPARTURES = ['0615', '0900', '1130', '1400', '1745'];
const CLASSES = [
  { code: 'Y', factor: 1 },
  { code: 'M', factor: 0.82 },
  { code: 'K', factor: 0.64 },
];
const LONGEST_LINE = 200;

class Inventory {
  constructor() {
    this.days = new Map();
    this.sold = new Map(Object.keys(TOURS).map((code) => [code, 0]));
    for (const [code, tour] of Object.entries(TOURS)) {
      for (let month = 0; month < 12; month++) {
        const length = new Date(Date.UTC(2027, month + 1, 0)).getUTCDate();
        for (let day = 1; day <= length; day++) {
          const free = DEPARTURES.map((_, at) => (day * 31 + month * 17 + at * 7 + tour.isk) % (tour.seats + 1));
          this.days.set(`${code}${String(day).padStart(2, '0')}${MONTHS[month]}`, free);
          this.sold.set(code, this.sold.get(code) + free.reduce((sum, left) => sum + tour.seats - left, 0));
        }
      }
    }
  }

  on(code, day) {
    return this.days.get(code + day);
  }
}

function availability(inventory, day, code) {
  const free = inventory.on(code, day);
  if (!free) return 'INVALID DATE OR TOUR\n\n';
  let text = `** ${TOURS[code].name} ${day} **\n`;
  DEPARTURES.forEach((departure, at) => {
    const left = free[at];
    const classes = CLASSES.map(({ code: letter, factor }) => letter + Math.min(9, Math.floor(left * factor)));
    text += `${at + 1} ${code}${100 + at} ${departure} ${classes.join(' ')}\n`;
  });
  return `${text}\n`;
}

function fares(inventory, day, code, party) {
  const free = inventory.on(code, day);
  const heads = Number(party);
  if (!free || !(heads >= 1 && heads <= 9)) return 'CHECK ENTRY\n\n';
  const tour = TOURS[code];
  let text = '';
  DEPARTURES.forEach((departure, at) => {
    if (free[at] < heads) return;
    const load = 1 - free[at] / tour.seats;
    for (const { code: letter, factor } of CLASSES) {
      const each = Math.round((tour.isk * (0.8 + 0.5 * load) * factor) / 10) * 10;
      text += `${code}${100 + at} ${departure} ${letter} ISK ${each} TTL ${each * heads}\n`;
    }
  });
  return `${text || 'NO SPACE\n'}\n`;
}

function selling(inventory, code) {
  const sold = inventory.sold.get(code);
  return sold === undefined ? 'INVALID TOUR\n\n' : `${TOURS[code].name} SOLD ${sold}\n\n`;
}

function answer(inventory, line) {
  const words = line.trim().split(' ');
  switch (words[0]) {
    case 'A':
      return availability(inventory, words[1], words[2]);
    case 'F':
      return fares(inventory, words[1], words[2], words[3]);
    case 'S':
      return selling(inventory, words[1]);
    default:
      return 'FORMAT\n\n';
  }
}

function serve(inventory, agent) {
  agent.setNoDelay(true);
  agent.setEncoding('latin1');
  let rest = '';
  agent.on('data', (got) => {
    const lines = (rest + got).split('\n');
    rest = lines.pop();
    if (rest.length > LONGEST_LINE) {
      agent.destroy();
      return;
    }
    if (lines.length === 0) return;
    const goesOn = agent.write(lines.map((line) => answer(inventory, line)).join(''));
    if (!goesOn) {
      agent.pause();
      agent.once('drain', () => agent.resume());
    }
  });
  agent.on('error', () => agent.destroy());
}

function startAgents(port) {
  const lines = [];
  for (const code of Object.keys(TOURS)) {
    for (let number = 1; number <= 24; number++) {
      const day = `${String(number).padStart(2, '0')}${MONTHS[(number * 5) % 12]}`;
      lines.push(`A ${day} ${code}`, `F ${day} ${code} ${1 + (number % 4)}`);
    }
    lines.push(`S ${code}`);
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  spawn(process.env.PYTHON, [clients, 'lines', String(port), lines.join(','), '10', '0.012'], { stdio: 'ignore' });
}

const inventory = new Inventory();
const host = net.createServer((agent) => serve(inventory, agent));
host.listen(0, '127.0.0.1', () => {
  startAgents(host.address().port);
  setTimeout(() => console.log('ready', process.pid), 1500);
});
