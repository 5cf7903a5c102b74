'use strict';

const { performance } = require('perf_hooks');
const { AsyncLocalStorage } = require('async_hooks');

const storage = new AsyncLocalStorage();

class Span {
  constructor(name, parent) {
    this.name = name;
    this.parent = parent;
    this.children = []; // <- cost
    this.tags = {};
    this.start = performance.now();
    this.end = 0;
  }

  child(name) {
    const span = new Span(name, this); // <- made 45
    this.children.push(span); // <- cost
    return span;
  }

  tag(key, value) {
    this.tags[key] = value;
    return this;
  }

  finish() {
    this.end = performance.now();
  }
}

class Tracer {
  constructor(exporter) {
    this.exporter = exporter;
    this.root = new Span('process', null);
    this.buffer = [];
  }

  async trace(name, fn) {
    const parent = storage.getStore() || this.root;
    const span = parent.child(name);
    try {
      return await storage.run(span, () => fn(span));
    } catch (err) {
      span.tag('error', err.stack);
      throw err;
    } finally {
      span.finish(); // <- cost
      this.report(span);
    }
  }

  report(span) {
    this.buffer.push({
      name: span.name,
      parent: span.parent ? span.parent.name : null,
      ms: span.end - span.start,
      tags: span.tags,
    });
    if (this.buffer.length >= 200) {
      const batch = this.buffer;
      this.buffer = [];
      this.exporter.send(batch);
    }
  }
}

function describeQuery(sql, params) {
  const shown = params.map((p) => (typeof p === 'string' ? `'${p}'` : String(p)));
  return sql.replace(/\$(\d+)/g, (_, n) => shown[n - 1]); // <- made 55
}

function instrument(pool, tracer) {
  const original = pool.query.bind(pool);
  pool.query = (sql, params = []) =>
    tracer.trace('query', async (span) => {
      span.tag('sql', describeQuery(sql, params));
      const result = await original(sql, params);
      span.tag('rows', result.rows.length);
      return result;
    });
  return pool;
}

module.exports = { Tracer, instrument };
