// expect: healthy bench
// Bedtime mixes: recommends lullabies for a listener (a cot, a pram, a ward).
//
// GET /mix/:listener takes the listener's taste vector and the candidates of its age band, reads the features of the
// candidates from the feature store (Redis), and answers with the twenty that fit best.
//
// Measured: median latency 7.8 ms (0.34 cores) with the problem, 2.2 ms (0.17 cores) repaired, at 70 requests a second.
'use strict'
const http = require('http')
const path = require('path')
const { execFileSync, spawn } = require('child_process')
const Redis = require('ioredis')

const LISTENERS = 400
const LULLABIES = 3000
const CANDIDATES = 90
const TASTES = ['tempo', 'hum', 'strings', 'rain', 'choir', 'repetition']
const BANDS = ['newborn', 'infant', 'toddler', 'adult']

let state = 20240417
function random () {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 4294967296
}

async function fillStore (redis) {
  for (let from = 0; from < LULLABIES; from += 500) {
    const filling = redis.pipeline()
    for (let id = from; id < from + 500; id++) {
      const features = { title: `lullaby ${id}`, minutes: (2 + random() * 6).toFixed(2), plays: Math.floor(random() * 9000) }
      for (const taste of TASTES) features[taste] = random().toFixed(4)
      filling.hset(`lullaby:${id}`, features)
    }
    await filling.exec()
  }
  const filling = redis.pipeline()
  for (let id = 0; id < LISTENERS; id++) {
    const listener = { band: BANDS[id % BANDS.length], offset: Math.floor(random() * 500) }
    for (const taste of TASTES) listener[taste] = random().toFixed(4)
    filling.hset(`listener:${id}`, listener)
  }
  await filling.exec()
}

function candidateLists () {
  const lists = {}
  BANDS.forEach((band, at) => {
    lists[band] = []
    for (let id = at; id < LULLABIES; id += BANDS.length) lists[band].push(id)
  })
  return lists
}

class MixMaker {
  constructor (redis, lists) {
    this.redis = redis
    this.lists = lists
  }

  async readFeatures (ids) {
    const reading = this.redis.pipeline()
    for (const id of ids) reading.hgetall(`lullaby:${id}`)
    const replies = await reading.exec()
    return replies.map(([error, features]) => {
      if (error) throw error
      return features
    })
  }

  pick (listener) {
    const list = this.lists[listener.band]
    const from = Number(listener.offset)
    return list.slice(from % (list.length - CANDIDATES)).slice(0, CANDIDATES)
  }

  score (listener, features) {
    let sum = 0
    for (const taste of TASTES) sum += Number(listener[taste]) * Number(features[taste])
    return sum + Math.log1p(Number(features.plays)) * 0.04
  }

  async mix (listenerId) {
    const listener = await this.redis.hgetall(`listener:${listenerId}`)
    if (!listener.band) return null
    const ids = this.pick(listener)
    const features = await this.readFeatures(ids)
    const ranked = ids.map((id, at) => ({
      id,
      title: features[at].title,
      minutes: Number(features[at].minutes),
      score: this.score(listener, features[at])
    }))
    ranked.sort((a, b) => b.score - a.score)
    return { listener: listenerId, band: listener.band, mix: ranked.slice(0, 20) }
  }
}

function serve (maker) {
  return http.createServer((request, response) => {
    const found = /^\/mix\/(\d+)$/.exec(request.url)
    if (!found) {
      response.writeHead(404)
      response.end()
      return
    }
    maker.mix(Number(found[1])).then(mix => {
      const body = JSON.stringify(mix || { error: 'unknown listener' })
      response.writeHead(mix ? 200 : 404, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      response.end(body)
    }, error => {
      response.writeHead(500)
      response.end(String(error))
    })
  })
}

async function main () {
  const services = process.env.SERVICES
  const clients = path.join(path.dirname(services), 'clients.py')
  const port = Number(execFileSync(process.env.PYTHON, [services, 'redis']).toString())
  const redis = new Redis({ port, host: '127.0.0.1' })
  await fillStore(redis)
  const server = serve(new MixMaker(redis, candidateLists()))
  server.keepAliveTimeout = 60000
  server.listen(0, '127.0.0.1', () => {
    const paths = Array.from({ length: 60 }, (_, at) => `/mix/${at * 7 % LISTENERS}`).join(',')
    spawn(process.env.PYTHON, [clients, 'http', String(server.address().port), paths, '70', '8'], { stdio: 'ignore' })
    setTimeout(() => console.log('ready', process.pid), 2500)
  })
}

main()
