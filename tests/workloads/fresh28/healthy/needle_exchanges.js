// expect: healthy bench
// Counts what the needle exchanges of a city give out and take back. Their machines report each exchange; reports are
// gathered for half a second and written to PostgreSQL with one statement. Express and pg; bursts on the database.
'use strict'
const { execFileSync, spawn } = require('node:child_process')
const path = require('node:path')
const express = require('express')
const { Pool } = require('pg')

const SITES = 24
const KINDS = ['1 ml', '2 ml', '5 ml', 'fine', 'sharps box']
const RATE = 90
const FLUSH_EVERY = 500
const MOST_WAITING = 5000

const TABLES = [
  'CREATE TABLE exchange (id bigserial PRIMARY KEY, site int NOT NULL, kind text NOT NULL, given int NOT NULL, ' +
    'taken int NOT NULL, at timestamptz NOT NULL)',
  'CREATE TABLE stock (site int, kind text, given bigint NOT NULL DEFAULT 0, taken bigint NOT NULL DEFAULT 0, ' +
    'PRIMARY KEY (site, kind))'
]

const INSERT = `
  WITH arrived AS (
    INSERT INTO exchange (site, kind, given, taken, at)
    SELECT * FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::timestamptz[])
    RETURNING site, kind, given, taken)
  INSERT INTO stock AS s (site, kind, given, taken)
  SELECT site, kind, sum(given), sum(taken) FROM arrived GROUP BY site, kind
  ON CONFLICT (site, kind) DO UPDATE SET given = s.given + excluded.given, taken = s.taken + excluded.taken`

class ExchangeLog {
  constructor (pool) {
    this.pool = pool
    this.waiting = []
    this.writing = false
    this.written = 0
    this.lost = 0
  }

  add (exchange) {
    if (this.waiting.length >= MOST_WAITING) {
      this.lost++
      return false
    }
    this.waiting.push(exchange)
    return true
  }

  async flush () {
    if (this.writing || this.waiting.length === 0) return
    this.writing = true
    const batch = this.waiting
    this.waiting = []
    try {
      const columns = [[], [], [], [], []]
      for (const { site, kind, given, taken, at } of batch) {
        columns[0].push(site)
        columns[1].push(kind)
        columns[2].push(given)
        columns[3].push(taken)
        columns[4].push(at)
      }
      await this.pool.query({ name: 'exchanges', text: INSERT, values: columns })
      this.written += batch.length
    } catch (error) {
      console.error(`exchanges not written: ${error.message}`)
      this.waiting = batch.concat(this.waiting).slice(0, MOST_WAITING)
    } finally {
      this.writing = false
    }
  }

  async stockOf (site) {
    const text = 'SELECT kind, given, taken FROM stock WHERE site = $1 ORDER BY kind'
    const { rows } = await this.pool.query({ name: 'stock', text, values: [site] })
    return rows
  }
}

function siteOf (request, response, next) {
  const site = Number(request.params.site)
  if (!Number.isInteger(site) || site < 1 || site > SITES) return response.status(404).json({ error: 'no such site' })
  request.site = site
  next()
}

function buildApp (log) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/sites/:site/report', siteOf, (request, response) => {
    const kind = KINDS[Number(request.query.kind)]
    const given = Number(request.query.given)
    const taken = Number(request.query.taken)
    if (kind === undefined || !(given >= 0) || !(taken >= 0)) return response.status(400).json({ error: 'what?' })
    const kept = log.add({ site: request.site, kind, given, taken, at: new Date() })
    response.status(kept ? 202 : 503).json({ kept })
  })
  app.get('/sites/:site/stock', siteOf, (request, response, next) => {
    log.stockOf(request.site).then(rows => response.json(rows), next)
  })
  app.get('/status', (request, response) => response.json({ written: log.written, lost: log.lost }))
  return app
}

function startDatabase () {
  const command = [process.env.SERVICES, 'postgres', ...TABLES]
  return Number(execFileSync(process.env.PYTHON, command, { stdio: ['ignore', 'pipe', 'ignore'] }))
}

function startMachines (port) {
  const paths = []
  for (let n = 0; n < 60; n++) {
    const site = 1 + n * 7 % SITES
    paths.push(`/sites/${site}/report?kind=${n % KINDS.length}&given=${1 + n % 10}&taken=${n % 8}`)
    if (n % 6 === 0) paths.push(`/sites/${site}/stock`)
  }
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py')
  spawn(process.env.PYTHON, [clients, 'http', String(port), paths.join(','), String(RATE), '8'], { stdio: 'ignore' })
}

const pool = new Pool({ host: '127.0.0.1', port: startDatabase(), user: 'postgres', database: 'postgres', max: 4 })
const log = new ExchangeLog(pool)
const server = buildApp(log).listen(0, '127.0.0.1', () => {
  startMachines(server.address().port)
  setInterval(() => log.flush(), FLUSH_EVERY)
  setTimeout(() => console.log(`ready ${process.pid}`), 1500)
})
