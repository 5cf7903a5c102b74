// expect: pattern=serial-requests bench
// The site of a firm that sells nights in igloos: a guest's wish list with what each camp has free now, asked
// from the camps' availability service (Express, undici).
//
// Measured: wish lists at 14/s: problem 121 to 126 ms (median); repaired 18 ms.
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");
const express = require("express");
const { Pool } = require("undici");

const PYTHON = process.env.PYTHON;
const SERVICES = process.env.SERVICES;
const QUIET = { stdio: ["ignore", "pipe", "ignore"] };

const CAMPS = ["Kiruna", "Inari", "Abisko", "Levi", "Alta", "Tana", "Ivalo", "Salla", "Ruka", "Luosto", "Saana", "Kilpis"];
const GUESTS = 200;

class WishLists {
  constructor() {
    this.byGuest = new Map();
    for (let guest = 0; guest < GUESTS; guest++) {
      const wishes = [];
      for (let at = 0; at < 8; at++) {
        const camp = CAMPS[(guest + at) % CAMPS.length];
        wishes.push({ tour: `${camp}-${(guest * 7 + at) % 40}`, camp, nights: 1 + ((guest + at) % 3) });
      }
      this.byGuest.set(guest, wishes);
    }
  }

  of(guest) {
    return this.byGuest.get(guest);
  }
}

class Availability {
  constructor(port) {
    this.pool = new Pool(`http://127.0.0.1:${port}`, { connections: 32, pipelining: 1 });
  }

  async of(tour) {
    const { statusCode, body } = await this.pool.request({ path: `/tours/${encodeURIComponent(tour)}`, method: "GET" });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`availability of ${tour}: status ${statusCode}`);
    }
    return body.json();
  }
}

function offer(wish, found) {
  return {
    tour: wish.tour,
    camp: wish.camp,
    nights: wish.nights,
    free: found.stock,
    total: (found.price + 80) * wish.nights,
    state: found.stock === 0 ? "full" : found.stock < 3 ? "few left" : "free",
  };
}

function site(wishLists, availability) {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");

  app.get("/guests/:guest/wishes", async (req, res, next) => {
    try {
      const wishes = wishLists.of(Number(req.params.guest));
      if (!wishes) {
        res.status(404).json({ error: "no such guest" });
        return;
      }
      const offers = [];
      for (const wish of wishes) {  // <- cost
        const found = await availability.of(wish.tour);  // <- cost
        offers.push(offer(wish, found));
      }
      const open = offers.filter((one) => one.state !== "full");
      res.json({ guest: Number(req.params.guest), offers, cheapest: Math.min(...open.map((one) => one.total)) });
    } catch (error) {
      next(error);
    }
  });

  app.get("/tours/:tour", async (req, res, next) => {
    try {
      const found = await availability.of(req.params.tour);
      res.json({ tour: req.params.tour, free: found.stock });
    } catch (error) {
      next(error);
    }
  });

  app.use((error, req, res, next) => {
    res.status(502).json({ error: error.message });
  });
  return app;
}

function main() {
  const upstream = execFileSync(PYTHON, [SERVICES, "http", "14"], QUIET).toString().trim();
  const app = site(new WishLists(), new Availability(upstream));
  const server = app.listen(0, "127.0.0.1", () => {
    const pages = [];
    for (let guest = 0; guest < GUESTS; guest++) pages.push(`/guests/${guest}/wishes`);
    const customers = path.join(path.dirname(SERVICES), "clients.py");
    execFileSync(PYTHON, [customers, "http", String(server.address().port), pages.join(","), "14", "8"], QUIET);
    console.log("ready", process.pid);
  });
}

main();
