// expect: pattern=connection-per-request bench
// Briefing service of a gliding club: for each declared task it asks the forecast service for the lift and the wind over
// the task area, both at once, works out the speed to fly on each leg and keeps the briefing for the launch point's board.
// Measured: 1.24 ms of CPU for a briefing of two questions, its twin 0.53 ms (one line that stays).

'use strict';

const { fork } = require('node:child_process');
const net = require('node:net');

class ForecastError extends Error {}

/** Asks the forecast service, which speaks lines: a question is a line, and so is its answer. */
class ForecastClient {
  constructor(port) {
    this.address = { host: '127.0.0.1', port, noDelay: true };
    this.asked = 0;
  }

  ask(question) {
    this.asked += 1;
    return new Promise((resolve, reject) => {
      let answer = '';
      const line = net.connect(this.address, () => line.write(`${question}\n`)); // <- cost
      line.setEncoding('utf8');
      line.setTimeout(3000, () => line.destroy(new ForecastError(`${question}: late`)));
      line.on('error', reject);
      line.on('data', (text) => {
        answer += text;
        if (!answer.endsWith('\n')) return;
        line.end();
        if (answer.startsWith('?')) reject(new ForecastError(`${question}: not understood`));
        else resolve(answer.trim().split(' ').map(Number));
      });
      line.on('end', () => reject(new ForecastError(`${question}: no answer`)));
    });
  }

  async lift(area, hour) {
    const [metres] = await this.ask(`LIFT ${area} ${hour}`);
    return metres;
  }

  async wind(area, hour) {
    const [from, metres] = await this.ask(`WIND ${area} ${hour}`);
    return { from, metres };
  }
}

/** The polar of a standard-class glider: sink in metres a second at a speed in metres a second. */
function sink(speed) {
  return 0.0021 * speed * speed - 0.1105 * speed + 2.04;
}

/** MacCready: the speed between climbs at which the mean speed over ground is best. */
function speedToFly(lift, head) {
  let best = { speed: 0, mean: -Infinity };
  for (let speed = 24; speed <= 56; speed += 0.5) {
    const fall = sink(speed);
    const mean = ((speed - head) * lift) / (lift + fall);
    if (mean > best.mean) best = { speed, mean };
  }
  return best;
}

function legsOf(task) {
  const turns = [...task.turns, task.turns[0]];
  return turns.slice(1).map((to, index) => {
    const [x, y] = [to[0] - turns[index][0], to[1] - turns[index][1]];
    return { kilometres: Math.hypot(x, y), course: (Math.atan2(x, y) * 180) / Math.PI };
  });
}

class Briefings {
  constructor(forecast, keep = 300) {
    this.forecast = forecast;
    this.keep = keep;
    this.board = new Map();
    this.failed = 0;
  }

  async prepare(task) {
    const [lift, wind] = await Promise.all([
      this.forecast.lift(task.area, task.hour),
      this.forecast.wind(task.area, task.hour),
    ]);
    let minutes = 0;
    const speeds = legsOf(task).map((leg) => {
      const head = wind.metres * Math.cos(((wind.from - leg.course) * Math.PI) / 180);
      const { speed, mean } = speedToFly(lift, head);
      minutes += (leg.kilometres * 1000) / Math.max(mean, 3) / 60;
      return Math.round(speed * 3.6);
    });
    this.post(task.pilot, { minutes: Math.round(minutes), speeds, lift });
  }

  post(pilot, briefing) {
    this.board.delete(pilot);
    this.board.set(pilot, briefing);
    if (this.board.size > this.keep) this.board.delete(this.board.keys().next().value);
  }
}

function* declaredTasks() {
  for (let number = 0; ; number += 1) {
    const turns = [];
    for (let turn = 0; turn < 3 + (number % 3); turn += 1) {
      turns.push([(number * 37 + turn * 61) % 140, (number * 53 + turn * 97) % 120]);
    }
    yield { pilot: `D-${1000 + (number * 7919) % 2000}`, area: `area-${number % 41}`, hour: 9 + (number % 9), turns };
  }
}

/** The forecast service, in a process of its own for as long as the briefing service lives. */
function serveForecasts() {
  const answerTo = (question) => {
    const [kind, area, hour] = question.split(' ');
    const seed = (Number(area.slice(5)) * 31 + Number(hour) * 17) % 360;
    if (kind === 'LIFT') return (0.8 + (seed % 30) / 10).toFixed(1);
    return kind === 'WIND' ? `${seed} ${(seed % 23) / 2}` : '?';
  };
  const server = net.createServer({ noDelay: true }, (line) => {
    let rest = '';
    line.setEncoding('utf8');
    line.on('error', () => line.destroy());
    line.on('data', (text) => {
      const questions = (rest + text).split('\n');
      rest = questions.pop();
      if (questions.length > 0) line.write(questions.map((question) => `${answerTo(question)}\n`).join(''));
    });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

function startService() {
  const service = fork(__filename, ['forecasts'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    service.once('error', reject);
    service.once('message', resolve);
  });
}

async function main() {
  const forecast = new ForecastClient(await startService());
  const briefings = new Briefings(forecast);
  const tasks = declaredTasks();
  process.stdout.write(`ready ${process.pid}\n`);
  setInterval(() => {
    const { value: task } = tasks.next();
    briefings.prepare(task).catch((error) => {
      briefings.failed += 1;
      if (briefings.failed % 100 === 1) console.error(`briefing for ${task.pilot}: ${error.message}`);
    });
  }, 8);
}

if (process.argv[2] === 'forecasts') {
  serveForecasts();
} else {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
