// expect: healthy bench
// Catalogue of a maker of gazebos: few visitors; prices change when the office edits them, and PostgreSQL tells this
// server about it (Express, pg).
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const express = require("express");
const pg = require("pg");

const PYTHON = process.env.PYTHON;
const SERVICES = process.env.SERVICES;
const QUIET = { stdio: ["ignore", "pipe", "ignore"] };
const MODELS = 120;
const SETTLE_MS = 400;

const SETUP = [
  `CREATE TABLE gazebos (
     id integer PRIMARY KEY,
     name text NOT NULL,
     sides integer NOT NULL,
     roof text NOT NULL,
     cents integer NOT NULL
   )`,
  `INSERT INTO gazebos
   SELECT n, 'Gazebo ' || n, 5 + n % 4, (ARRAY['slate', 'shingle', 'copper'])[1 + n % 3], 90000 + n * 1700
   FROM generate_series(1, ${MODELS}) AS n`,
  `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN PERFORM pg_notify('gazebos', ''); RETURN NULL; END $$`,
  "CREATE TRIGGER changed AFTER UPDATE ON gazebos FOR EACH STATEMENT EXECUTE FUNCTION tell()",
];

class Catalogue {
  constructor(pool) {
    this.pool = pool;
    this.byId = new Map();
    this.page = "";
    this.due = null;
  }

  async load() {
    const { rows } = await this.pool.query("SELECT id, name, sides, roof, cents FROM gazebos ORDER BY id");
    this.byId = new Map(rows.map((row) => [row.id, row]));
    this.page = JSON.stringify({ gazebos: rows.map(({ id, name, cents }) => ({ id, name, price: cents / 100 })) });
  }

  changed() {
    if (this.due) return;
    this.due = setTimeout(() => {
      this.due = null;
      this.load().catch((error) => console.error(error));
    }, SETTLE_MS);
  }
}

async function listen(settings, catalogue) {
  const listener = new pg.Client(settings);
  listener.on("notification", () => catalogue.changed());
  listener.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  await listener.connect();
  await listener.query("LISTEN gazebos");
}

function site(pool, catalogue) {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");

  app.get("/gazebos", (req, res) => {
    res.type("json").send(catalogue.page);
  });

  app.get("/gazebos/:id", (req, res) => {
    const found = catalogue.byId.get(Number(req.params.id));
    if (!found) {
      res.status(404).json({ error: "no such gazebo" });
      return;
    }
    res.json(found);
  });

  app.get("/office/gazebos/:id/price/:cents", async (req, res, next) => {
    try {
      const { rowCount } = await pool.query("UPDATE gazebos SET cents = $2 WHERE id = $1", [
        Number(req.params.id),
        Number(req.params.cents),
      ]);
      res.status(rowCount === 1 ? 200 : 404).json({ changed: rowCount });
    } catch (error) {
      next(error);
    }
  });
  return app;
}

async function main() {
  const port = Number(execFileSync(PYTHON, [SERVICES, "postgres", ...SETUP], QUIET).toString());
  const settings = { host: "127.0.0.1", port, user: "postgres", database: "postgres" };
  const pool = new pg.Pool({ ...settings, max: 3, idleTimeoutMillis: 0 });
  pool.on("error", (error) => console.error(error));
  const catalogue = new Catalogue(pool);
  await listen(settings, catalogue);
  await catalogue.load();
  const server = site(pool, catalogue).listen(0, "127.0.0.1", () => {
    const pages = ["/gazebos", "/gazebos", "/gazebos"];
    for (let id = 1; id <= MODELS; id += 10) pages.push(`/gazebos/${id}`);
    pages.push("/office/gazebos/7/price/91000", "/office/gazebos/8/price/93000");
    const customers = path.join(path.dirname(SERVICES), "clients.py");
    execFileSync(PYTHON, [customers, "http", String(server.address().port), pages.join(","), "4", "2"], QUIET);
    console.log("ready", process.pid);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
