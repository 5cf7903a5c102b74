// expect: pattern=repeated-read bench
// Prints compass roses onto hiking maps: for each sheet of the print queue the magnetic declination at its
// corners and in its middle is taken from the grid of the geomagnetic survey, which is published as a file once a
// year.
//
// Measured: at 150 sheets a second 0.9 to 2.4 s of CPU in 9 s, most of it in the reading, the twin 0.2 to 0.3 s;
// now 320 sheets a second.
'use strict';
const fs = require('fs');
const path = require('path');
const { EventEmitter } = require('events');

const COLUMNS = 1400;
const ROWS = 900;
const WEST = -12;
const NORTH = 72;
const STEP = 0.03; // degrees between two cells
const HEADER = 16;

// The survey's file: a header (columns, rows, year, reserved), then a declination in float32 for each cell, row by row.
function publishSurvey(file, year) {
  const bytes = Buffer.alloc(HEADER + COLUMNS * ROWS * 4);
  bytes.writeUInt32LE(COLUMNS, 0);
  bytes.writeUInt32LE(ROWS, 4);
  bytes.writeUInt32LE(year, 8);
  const cells = new Float32Array(bytes.buffer, bytes.byteOffset + HEADER, COLUMNS * ROWS);
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      cells[row * COLUMNS + column] = -4 + column * 0.009 + 1.5 * Math.sin(row / 130) + 0.3 * Math.cos(column / 17);
    }
  }
  fs.writeFileSync(file, bytes);
}

class DeclinationGrid {
  constructor(bytes) {
    this.columns = bytes.readUInt32LE(0);
    this.rows = bytes.readUInt32LE(4);
    this.year = bytes.readUInt32LE(8);
    this.bytes = bytes;
  }

  cell(column, row) {
    const x = Math.max(0, Math.min(this.columns - 1, column));
    const y = Math.max(0, Math.min(this.rows - 1, row));
    return this.bytes.readFloatLE(HEADER + (y * this.columns + x) * 4);
  }

  at(lat, lon) {
    const x = (lon - WEST) / STEP;
    const y = (NORTH - lat) / STEP;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - column, y - row];
    const upper = this.cell(column, row) * (1 - fx) + this.cell(column + 1, row) * fx;
    const lower = this.cell(column, row + 1) * (1 - fx) + this.cell(column + 1, row + 1) * fx;
    return upper * (1 - fy) + lower * fy;
  }
}

class Survey {
  constructor(folder) {
    this.file = path.join(folder, 'declination.grid');
  }

  grid() {
    return new DeclinationGrid(fs.readFileSync(this.file)); // <- cost
  }
}

class Sheet {
  constructor(number) {
    this.number = number;
    this.lat = 48 + ((number * 37) % 2000) / 100;
    this.lon = -8 + ((number * 53) % 3400) / 100;
    this.height = 0.2;
    this.width = 0.3;
  }

  corners() {
    const { lat, lon, height, width } = this;
    return [[lat, lon], [lat, lon + width], [lat - height, lon], [lat - height, lon + width]];
  }

  get middle() {
    return [this.lat - this.height / 2, this.lon + this.width / 2];
  }
}

const degrees = (angle) => {
  const whole = Math.trunc(Math.abs(angle));
  const minutes = Math.round((Math.abs(angle) - whole) * 60);
  return `${whole}°${String(minutes).padStart(2, '0')}' ${angle < 0 ? 'W' : 'E'}`;
};

// Draws the rose: 32 winds around true north, with the needle turned by the declination.
class RosePrinter {
  constructor(survey) {
    this.survey = survey;
    this.printed = 0;
    this.points = 0;
  }

  declination(sheet) {
    const grid = this.survey.grid();
    const corners = sheet.corners().map(([lat, lon]) => grid.at(lat, lon));
    return {
      middle: grid.at(...sheet.middle),
      spread: Math.max(...corners) - Math.min(...corners),
      year: grid.year,
    };
  }

  draw(angle) {
    const lines = [];
    for (let wind = 0; wind < 32; wind += 1) {
      const turn = ((wind * 11.25 + angle) * Math.PI) / 180;
      const long = wind % 8 === 0 ? 40 : wind % 4 === 0 ? 28 : 16;
      lines.push(`M0 0L${(Math.sin(turn) * long).toFixed(2)} ${(-Math.cos(turn) * long).toFixed(2)}`);
    }
    return lines.join('');
  }

  print(sheet) {
    const { middle, spread, year } = this.declination(sheet);
    const legend = spread > 0.5 ? `${degrees(middle)} (varies by ${spread.toFixed(1)}°)` : degrees(middle);
    const rose = `<g id="rose-${sheet.number}"><path d="${this.draw(middle)}"/><text>${legend} (${year})</text></g>`;
    this.printed += 1;
    this.points += rose.length;
    return rose;
  }
}

// The queue of the print works, which hands out one sheet after the other.
class PrintQueue extends EventEmitter {
  constructor(sheetsPerSecond) {
    super();
    this.pause = 1000 / sheetsPerSecond;
    this.number = 0;
  }

  start() {
    setInterval(() => {
      this.number += 1;
      this.emit('sheet', new Sheet(this.number));
    }, this.pause);
  }
}

function main() {
  const survey = new Survey(process.cwd());
  publishSurvey(survey.file, 2026);
  const printer = new RosePrinter(survey);
  const queue = new PrintQueue(320);
  queue.on('sheet', (sheet) => printer.print(sheet));
  queue.start();
  setInterval(() => {
    const { rss } = process.memoryUsage();
    console.error(`${printer.printed} roses of ${printer.points >> 10} KB, ${rss >> 20} MB`);
  }, 8000);
  console.log(`ready ${process.pid}`);
}

main();
