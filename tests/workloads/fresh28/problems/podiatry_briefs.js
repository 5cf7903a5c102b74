// expect: pattern=serial-requests bench
// The brief that a podiatry practice sees before a patient comes in: put together from the record systems of the region
// (demographics, allergies, medication, wound photos, letters). Fastify; the systems are asked over undici.
//
// Measured: a brief takes (median) 119 ms, repaired 29 ms.
'use strict'
const { execFileSync, spawn } = require('node:child_process')
const path = require('node:path')
const fastify = require('fastify')
const { Pool } = require('undici')

const PATIENTS = 400
const RATE = 10
const SYSTEMS = { demographics: 22, allergies: 18, medication: 26, wounds: 24, letters: 20 }

class RecordSystem {
  constructor (name, port) {
    this.name = name
    this.pool = new Pool(`http://127.0.0.1:${port}`, { connections: 8 })
  }

  async get (resource) {
    const { statusCode, body } = await this.pool.request({ method: 'GET', path: resource, bodyTimeout: 5000 })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`${this.name} answered ${statusCode}`)
    }
    return body.json()
  }
}

function startSystems () {
  const systems = {}
  for (const [name, delay] of Object.entries(SYSTEMS)) {
    const command = [process.env.SERVICES, 'http', String(delay)]
    const said = execFileSync(process.env.PYTHON, command, { stdio: ['ignore', 'pipe', 'ignore'] })
    systems[name] = new RecordSystem(name, said.toString().trim())
  }
  return systems
}

function riskOf (medication, wounds) {
  let points = medication.stock % 4
  if (wounds.price > 500) points += 2
  if (wounds.stock > 6) points += 1
  if (points >= 4) return 'high'
  return points >= 2 ? 'raised' : 'low'
}

class Briefs {
  constructor (systems) {
    this.systems = systems
    this.given = 0
  }

  async brief (patient) {
    const { demographics, allergies, medication, wounds, letters } = this.systems
    const person = await demographics.get(`/persons/${patient}`) // <- cost
    const allergic = await allergies.get(`/allergies?person=${patient}`) // <- cost
    const medicines = await medication.get(`/plans/${patient}/current`) // <- cost
    const photos = await wounds.get(`/wounds?person=${patient}&last=3`) // <- cost
    const lastLetters = await letters.get(`/letters/${patient}?last=5`) // <- cost
    this.given++
    return {
      patient,
      name: person.name,
      allergies: allergic.stock > 0 ? [allergic.name] : [],
      medication: medicines.name,
      photos: photos.stock,
      letters: lastLetters.stock,
      risk: riskOf(medicines, photos)
    }
  }
}

function buildServer (briefs) {
  const app = fastify()
  const number = { type: 'object', properties: { patient: { type: 'integer', minimum: 1, maximum: PATIENTS } } }
  app.get('/briefs/:patient', { schema: { params: number } }, async (request) => briefs.brief(request.params.patient))
  app.get('/status', async () => ({ given: briefs.given }))
  app.setErrorHandler((error, request, reply) => {
    reply.code(error.validation ? 400 : 502).send({ error: error.message })
  })
  return app
}

function openPractices (port) {
  const paths = []
  for (let patient = 1; patient <= PATIENTS; patient += 7) paths.push(`/briefs/${patient}`)
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py')
  spawn(process.env.PYTHON, [clients, 'http', String(port), paths.join(','), String(RATE), '6'], { stdio: 'ignore' })
}

async function main () {
  const app = buildServer(new Briefs(startSystems()))
  await app.listen({ port: 0, host: '127.0.0.1' })
  openPractices(app.server.address().port)
  setTimeout(() => console.log(`ready ${process.pid}`), 1500)
}

main()
