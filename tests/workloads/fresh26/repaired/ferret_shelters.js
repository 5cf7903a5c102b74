// expect: healthy bench
// Overview pages of a federation of ferret shelters: animals and foster homes are loaded from PostgreSQL now and then,
// the pages are made from what is in memory (Express).
//
// Measured: regions at 15/s: problem 24 to 28 ms (median), 0.33 cores; repaired 2 to 3 ms, 0.04 cores.
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const express = require("express");
const pg = require("pg");

const PYTHON = process.env.PYTHON;
const SERVICES = process.env.SERVICES;
const QUIET = { stdio: ["ignore", "pipe", "ignore"] };
const REGIONS = ["north", "east", "south", "west"];
const RELOAD_MS = 60_000;

const SETUP = [
  "CREATE TABLE homes (id text PRIMARY KEY, name text NOT NULL, town text NOT NULL, places integer NOT NULL)",
  `INSERT INTO homes SELECT 'home-' || lpad((n * 7919 % 100003)::text, 6, '0'), 'Home ' || n, 'town ' || n % 30, 4 + n % 5
   FROM generate_series(1, 2400) AS n`,
  `CREATE TABLE ferrets (id integer PRIMARY KEY, name text NOT NULL, region text NOT NULL, colour text NOT NULL,
     weight integer NOT NULL, home text NOT NULL REFERENCES homes (id))`,
  `INSERT INTO ferrets SELECT n, 'Ferret ' || n, (ARRAY['north', 'east', 'south', 'west'])[1 + n % 4],
     (ARRAY['sable', 'albino', 'panda', 'cinnamon'])[1 + n / 4 % 4], 600 + n * 37 % 1500,
     'home-' || lpad(((1 + n * 31 % 2400) * 7919 % 100003)::text, 6, '0')
   FROM generate_series(1, 9600) AS n`,
];

class Federation {
  constructor(port) {
    this.pool = new pg.Pool({ host: "127.0.0.1", port, user: "postgres", database: "postgres", max: 2 });
    this.homes = new Map();
    this.ferrets = new Map();
  }

  async load() {
    const homes = await this.pool.query("SELECT id, name, town, places FROM homes ORDER BY id");
    const ferrets = await this.pool.query("SELECT id, name, region, colour, weight, home FROM ferrets ORDER BY id");
    const byRegion = new Map(REGIONS.map((region) => [region, []]));
    for (const ferret of ferrets.rows) byRegion.get(ferret.region).push(ferret);
    this.homes = new Map(homes.rows.map((home) => [home.id, home]));
    this.ferrets = byRegion;
  }

  placements(region) {
    return this.ferrets.get(region).map((ferret) => {
      const home = this.homes.get(ferret.home);
      return { ferret, home };
    });
  }
}

function summary(placements) {
  const towns = new Map();
  for (const { ferret, home } of placements) {
    let town = towns.get(home.town);
    if (!town) {
      town = { town: home.town, ferrets: 0, grams: 0, heaviest: null };
      towns.set(home.town, town);
    }
    town.ferrets += 1;
    town.grams += ferret.weight;
    if (!town.heaviest || ferret.weight > town.heaviest.weight) {
      town.heaviest = { name: ferret.name, weight: ferret.weight, home: home.name };
    }
  }
  return [...towns.values()].sort((a, b) => b.ferrets - a.ferrets);
}

function site(federation) {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");

  app.get("/regions/:region", (req, res) => {
    if (!REGIONS.includes(req.params.region)) {
      res.status(404).json({ error: "no such region" });
      return;
    }
    let placements = federation.placements(req.params.region);
    if (req.query.colour) placements = placements.filter(({ ferret }) => ferret.colour === req.query.colour);
    res.json({ region: req.params.region, colour: req.query.colour, towns: summary(placements) });
  });

  app.get("/health", (req, res) => {
    res.json({ homes: federation.homes.size });
  });
  return app;
}

async function main() {
  const database = execFileSync(PYTHON, [SERVICES, "postgres", ...SETUP], QUIET).toString().trim();
  const federation = new Federation(Number(database));
  await federation.load();
  setInterval(() => federation.load().catch((error) => console.error(error)), RELOAD_MS);

  const server = site(federation).listen(0, "127.0.0.1", () => {
    const pages = [];
    for (const region of REGIONS) {
      pages.push(`/regions/${region}`, `/regions/${region}?colour=panda`, `/regions/${region}?colour=sable`);
    }
    const customers = path.join(path.dirname(SERVICES), "clients.py");
    execFileSync(PYTHON, [customers, "http", String(server.address().port), pages.join(","), "15", "5"], QUIET);
    console.log("ready", process.pid);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
