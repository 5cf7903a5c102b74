// expect: healthy bench
// Blood pressures from the kiosks in waiting rooms: each kiosk keeps a line open and sends a reading now and then; the
// newest readings of each kiosk are kept, and those that need a nurse are noted in a file. Mostly idle.
'use strict'
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')

const KIOSKS = 16
const KEPT = 50
const PAUSE = 2

class Ring {
  constructor (size) {
    this.items = new Array(size)
    this.next = 0
    this.count = 0
  }

  push (item) {
    this.items[this.next] = item
    this.next = (this.next + 1) % this.items.length
    if (this.count < this.items.length) this.count++
  }

  mean (value) {
    let sum = 0
    for (let at = 0; at < this.count; at++) sum += value(this.items[at])
    return this.count === 0 ? 0 : sum / this.count
  }
}

function parseReading (line) {
  const [kiosk, upper, lower, pulse] = line.split(' ')
  const reading = { kiosk, upper: Number(upper), lower: Number(lower), pulse: Number(pulse), at: Date.now() }
  if (!kiosk || !(reading.upper > reading.lower) || !(reading.lower > 20) || !(reading.pulse > 20)) return null
  return reading
}

function gradeOf ({ upper, lower }) {
  if (upper >= 180 || lower >= 110) return 'nurse'
  if (upper >= 140 || lower >= 90) return 'high'
  return upper < 100 ? 'low' : 'normal'
}

class Readings {
  constructor (notes) {
    this.kiosks = new Map()
    this.notes = notes
    this.bad = 0
  }

  take (line) {
    const reading = parseReading(line)
    if (reading === null) {
      this.bad++
      return 'again'
    }
    let ring = this.kiosks.get(reading.kiosk)
    if (ring === undefined) {
      ring = new Ring(KEPT)
      this.kiosks.set(reading.kiosk, ring)
    }
    ring.push(reading)
    const grade = gradeOf(reading)
    if (grade === 'nurse') this.notes.write(`${new Date(reading.at).toISOString()} ${line}\n`)
    return grade
  }

  summary () {
    const lines = []
    for (const [kiosk, ring] of this.kiosks) {
      const upper = ring.mean(reading => reading.upper).toFixed(1)
      const lower = ring.mean(reading => reading.lower).toFixed(1)
      lines.push(`${kiosk} ${ring.count} ${upper}/${lower}`)
    }
    return lines.join('\n') + '\n'
  }
}

function serve (readings) {
  return net.createServer((line) => {
    let rest = ''
    line.setEncoding('utf8')
    line.setNoDelay(true)
    line.on('data', (chunk) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop()
      for (const part of parts) line.write(readings.take(part) + '\n\n')
    })
    line.on('error', () => line.destroy())
  })
}

function startKiosks (port) {
  const sent = []
  for (let n = 0; n < 97; n++) {
    const upper = 95 + n * 37 % 92
    sent.push(`K${n * 5 % KIOSKS} ${upper} ${Math.round(upper * 0.62)} ${52 + n * 11 % 50}`)
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py')
  const words = [clients, 'lines', String(port), sent.join(','), String(KIOSKS), String(PAUSE)]
  spawn(process.env.PYTHON, words, { stdio: 'ignore' })
}

const readings = new Readings(fs.createWriteStream('nurse.log', { flags: 'a' }))
const server = serve(readings)
server.listen(0, '127.0.0.1', () => {
  startKiosks(server.address().port)
  setInterval(() => fs.writeFile('summary.txt', readings.summary(), (error) => error && console.error(error.message)), 15000)
  setTimeout(() => console.log(`ready ${process.pid}`), 1500)
})
