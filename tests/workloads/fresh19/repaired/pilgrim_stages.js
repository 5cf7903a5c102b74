// bench: repaired twin of pilgrim_stages
// A planner for pilgrims on foot (Fastify): for a route it asks the hostels' network how many beds are free and whether
// there is supper at the end of each stage, and proposes the days to walk.
// A plan takes 29 ms.
'use strict';
const { execFileSync } = require('child_process');
const fastify = require('fastify');
const { Pool } = require('undici');

const ROUTES = {
  coast: ['irun', 'zarautz', 'deba', 'markina', 'gernika', 'bilbao', 'pobena', 'castro', 'laredo', 'guemes'],
  inland: ['oviedo', 'grado', 'salas', 'tineo', 'borres', 'berducedo', 'grandas', 'fonsagrada', 'cadavo'],
  silver: ['merida', 'alcuescar', 'caceres', 'canaveral', 'carcaboso', 'aldeanueva', 'fuenterroble', 'salamanca'],
};
const KILOMETRES = 23;

const PYTHON_HEAD = `
import json, os, sys, time, http.client, random
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import http_service, outside
`;

const HOSTELS = `${PYTHON_HEAD}
def answer(path):
    time.sleep(0.025)
    place = path.rpartition("/")[2]
    night = int(time.time() / 3)
    return json.dumps({"place": place, "beds": (sum(place.encode()) * 7 + night) % 30, "supper": len(place) % 3 > 0}).encode()
print(http_service(answer), flush=True)
`;

const PILGRIMS = `${PYTHON_HEAD}
def pilgrim(route):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    due = time.monotonic() + random.random() / 2
    while True:
        connection.request("GET", f"/plans/{route}?party={random.randint(1, 5)}")
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        due = max(due + 0.5, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))
for route in ("coast", "inland", "silver"):
    outside(lambda: pilgrim(route))
`;

function python(program, ...words) {
  return execFileSync(process.env.PYTHON, ['-c', program, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  }).toString().trim();
}

class Hostels {
  constructor(origin) {
    this.pool = new Pool(origin, { connections: 32, keepAliveTimeout: 60000 });
  }

  async at(place) {
    const { statusCode, body } = await this.pool.request({
      path: `/hostels/${encodeURIComponent(place)}`,
      method: 'GET',
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`hostels of ${place}: ${statusCode}`);
    }
    return body.json();
  }

  along(route) {
    return Promise.all(route.map((place) => this.at(place)));
  }
}

function daysOf(hostels, party) {
  const days = [];
  let walked = 0;
  for (const hostel of hostels) {
    walked += KILOMETRES;
    if (hostel.beds >= party || walked >= 2 * KILOMETRES) {
      days.push({
        sleepIn: hostel.place,
        kilometres: walked,
        tent: hostel.beds < party,
        carrySupper: !hostel.supper,
      });
      walked = 0;
    }
  }
  return days;
}

async function build(hostels) {
  const app = fastify({ logger: false });

  app.get('/plans/:route', {
    schema: {
      params: { type: 'object', properties: { route: { type: 'string' } } },
      querystring: { type: 'object', properties: { party: { type: 'integer', minimum: 1, maximum: 12, default: 1 } } },
    },
  }, async (request, reply) => {
    const route = ROUTES[request.params.route];
    if (!route) {
      return reply.code(404).send({ error: 'no such route' });
    }
    const days = daysOf(await hostels.along(route), request.query.party);
    return {
      route: request.params.route,
      nights: days.length,
      tents: days.filter((day) => day.tent).length,
      days,
    };
  });

  app.get('/routes', async () => Object.keys(ROUTES));

  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

async function main() {
  const hostels = new Hostels(`http://127.0.0.1:${python(HOSTELS)}`);
  const app = await build(hostels);
  python(PILGRIMS, String(app.server.address().port));
  setTimeout(() => process.stdout.write('ready\n'), 1200);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
