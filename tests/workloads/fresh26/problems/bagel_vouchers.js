// expect: pattern=connection-per-request bench
// Vouchers of a chain of bagel bars: tills look a voucher up and stamp it (Fastify, PostgreSQL).
//
// Measured: vouchers at 45/s: problem 7 to 10 ms (median), 0.10 cores; repaired 2.2 ms, 0.06 cores.
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const fastify = require("fastify");
const pg = require("pg");

const PYTHON = process.env.PYTHON;
const SERVICES = process.env.SERVICES;
const QUIET = { stdio: ["ignore", "pipe", "ignore"] };
const VOUCHERS = 5000;
const STAMPS = 10;

const SETUP = [
  `CREATE TABLE vouchers (
     id integer PRIMARY KEY,
     code text NOT NULL UNIQUE,
     holder text NOT NULL,
     stamps integer NOT NULL DEFAULT 0,
     bagels integer NOT NULL DEFAULT 0
   ) WITH (fillfactor = 60)`,
  `INSERT INTO vouchers (id, code, holder)
   SELECT n, 'B' || lpad(n::text, 6, '0'), 'holder ' || n FROM generate_series(1, ${VOUCHERS}) AS n`,
  "ANALYZE vouchers",
];

const databaseSettings = {
  host: "127.0.0.1",
  port: Number(execFileSync(PYTHON, [SERVICES, "postgres", ...SETUP], QUIET).toString()),
  user: "postgres",
  database: "postgres",
};

async function withDatabase(work) {
  const client = new pg.Client(databaseSettings);  // <- cost
  await client.connect();  // <- cost
  try {
    return await work(client);
  } finally {
    await client.end();  // <- cost
  }
}

async function findVoucher(client, code) {
  const { rows } = await client.query("SELECT id, code, holder, stamps, bagels FROM vouchers WHERE code = $1", [code]);
  return rows[0];
}

async function stampVoucher(client, code) {
  const { rows } = await client.query(
    `UPDATE vouchers
     SET stamps = (stamps + 1) % $2, bagels = bagels + (CASE WHEN stamps + 1 = $2 THEN 1 ELSE 0 END)
     WHERE code = $1
     RETURNING code, stamps, bagels`,
    [code, STAMPS],
  );
  return rows[0];
}

function till() {
  const app = fastify({ logger: false });

  app.setErrorHandler((error, request, reply) => {
    reply.code(error.statusCode || 503).send({ error: error.message });
  });

  const codeSchema = {
    params: { type: "object", properties: { code: { type: "string", pattern: "^B[0-9]{6}$" } }, required: ["code"] },
  };

  app.get("/vouchers/:code", { schema: codeSchema }, async (request, reply) => {
    const voucher = await withDatabase((client) => findVoucher(client, request.params.code));  // <- cost
    if (!voucher) return reply.code(404).send({ error: "no such voucher" });
    return { ...voucher, missing: STAMPS - voucher.stamps };
  });

  app.get("/vouchers/:code/stamp", { schema: codeSchema }, async (request, reply) => {
    const voucher = await withDatabase((client) => stampVoucher(client, request.params.code));  // <- cost
    if (!voucher) return reply.code(404).send({ error: "no such voucher" });
    return voucher;
  });

  app.get("/health", async () => ({ up: Math.round(process.uptime()) }));
  return app;
}

async function main() {
  const app = till();
  await app.listen({ port: 0, host: "127.0.0.1" });
  const port = app.server.address().port;
  const pages = [];
  for (let n = 1; n <= VOUCHERS; n += 25) {
    const code = `B${String(n).padStart(6, "0")}`;
    pages.push(`/vouchers/${code}`, `/vouchers/${code}/stamp`);
  }
  const customers = path.join(path.dirname(SERVICES), "clients.py");
  execFileSync(PYTHON, [customers, "http", String(port), pages.join(","), "45", "6"], QUIET);
  console.log("ready", process.pid);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
