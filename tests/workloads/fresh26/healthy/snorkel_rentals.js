// expect: healthy bench
// Accounts department's exports of a chain of snorkel rentals: the rentals of a beach as CSV, read from PostgreSQL a page
// at a time and sent compressed while they are read (Fastify, pg).
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const { Readable } = require("node:stream");
const zlib = require("node:zlib");
const fastify = require("fastify");
const pg = require("pg");

const PYTHON = process.env.PYTHON;
const SERVICES = process.env.SERVICES;
const QUIET = { stdio: ["ignore", "pipe", "ignore"] };
const BEACHES = 20;
const PAGE = 1000;

const SETUP = [
  `CREATE TABLE rentals (
     id integer NOT NULL,
     beach integer NOT NULL,
     rented text NOT NULL,
     size text NOT NULL,
     hours integer NOT NULL,
     cents integer NOT NULL,
     remark text,
     PRIMARY KEY (beach, id)
   )`,
  `INSERT INTO rentals
   SELECT n, n % ${BEACHES}, (timestamp '2024-01-01' + n * interval '2 minutes')::text,
          (ARRAY['S', 'M', 'L', 'XL'])[1 + n % 4], 1 + n % 6, 450 + n % 6 * 300,
          CASE WHEN n % 9 = 0 THEN 'strap torn, "replaced"' END
   FROM generate_series(1, 120000) AS n`,
  "ANALYZE rentals",
];

const PAGE_QUERY = {
  name: "page",
  text: `SELECT id, rented, size, hours, cents, remark FROM rentals
         WHERE beach = $1 AND id > $2 ORDER BY id LIMIT ${PAGE}`,
  rowMode: "array",
};
const TOTALS_QUERY = {
  name: "totals",
  text: "SELECT size, count(*)::int AS rentals, sum(cents)::int AS cents FROM rentals WHERE beach = $1 GROUP BY size",
};

const NEEDS_QUOTES = /[",\n]/;

function field(value) {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  return NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

async function* csv(pool, beach) {
  yield "id,rented,size,hours,cents,remark\n";
  let last = 0;
  while (true) {
    const { rows } = await pool.query({ ...PAGE_QUERY, values: [beach, last] });
    if (rows.length > 0) {
      yield rows.map((row) => row.map(field).join(",")).join("\n") + "\n";
      last = rows[rows.length - 1][0];
    }
    if (rows.length < PAGE) return;
  }
}

function exportsService(pool) {
  const app = fastify({ logger: false });
  const schema = {
    params: {
      type: "object",
      properties: { beach: { type: "integer", minimum: 0, maximum: BEACHES - 1 } },
      required: ["beach"],
    },
  };

  app.get("/beaches/:beach/rentals.csv", { schema }, (request, reply) => {
    const lines = Readable.from(csv(pool, request.params.beach), { objectMode: true, highWaterMark: 1 });
    const packed = zlib.createGzip({ level: 4, chunkSize: 64 * 1024 });
    lines.on("error", (error) => packed.destroy(error));
    packed.on("close", () => lines.destroy());
    reply.header("Content-Type", "text/csv; charset=utf-8").header("Content-Encoding", "gzip");
    return reply.send(lines.pipe(packed));
  });

  app.get("/beaches/:beach/totals", { schema }, async (request) => {
    const { rows } = await pool.query({ ...TOTALS_QUERY, values: [request.params.beach] });
    return { beach: request.params.beach, sizes: rows };
  });
  return app;
}

async function main() {
  const port = Number(execFileSync(PYTHON, [SERVICES, "postgres", ...SETUP], QUIET).toString());
  const pool = new pg.Pool({ host: "127.0.0.1", port, user: "postgres", database: "postgres", max: 6 });
  pool.on("error", (error) => console.error(error));
  const app = exportsService(pool);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const pages = [];
  for (let beach = 0; beach < BEACHES; beach++) pages.push(`/beaches/${beach}/rentals.csv`, `/beaches/${beach}/totals`);
  const customers = path.join(path.dirname(SERVICES), "clients.py");
  execFileSync(PYTHON, [customers, "http", String(app.server.address().port), pages.join(","), "12", "4"], QUIET);
  console.log("ready", process.pid);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
