'use strict';

const fs = require('fs');
const path = require('path');

const compiled = Object.create(null); // <- cost
const helpers = {
  upper: (s) => String(s).toUpperCase(),
  date: (d) => new Date(d).toISOString().slice(0, 10),
};

function escapeHtml(s) {
  return String(s).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
}

function parse(source) {
  const parts = [];
  const re = /\{\{\s*([\w.]+)(?:\s*\|\s*(\w+))?\s*\}\}/g;
  let last = 0;
  let m;
  while ((m = re.exec(source)) !== null) {
    if (m.index > last) parts.push({ text: source.slice(last, m.index) }); // <- made 45
    parts.push({ path: m[1].split('.'), helper: m[2] }); // <- made 40
    last = re.lastIndex;
  }
  if (last < source.length) parts.push({ text: source.slice(last) });
  return parts;
}

function compile(source) {
  let fn = compiled[source];
  if (fn === undefined) {
    const parts = parse(source);
    fn = (data) => { // <- made 15
      const out = [];
      for (const p of parts) {
        if (p.text !== undefined) {
          out.push(p.text);
          continue;
        }
        let value = data;
        for (const k of p.path) value = value == null ? '' : value[k];
        out.push(escapeHtml(p.helper ? helpers[p.helper](value) : value));
      }
      return out.join('');
    };
    compiled[source] = fn; // <- cost
  }
  return fn;
}

class Views {
  constructor(dir) {
    this.dir = dir;
    this.sources = new Map();
  }

  source(name) {
    let text = this.sources.get(name);
    if (!text) {
      text = fs.readFileSync(path.join(this.dir, name + '.html'), 'utf8');
      this.sources.set(name, text);
    }
    return text;
  }

  render(name, data) {
    const body = compile(this.source(name))(data);
    const layout = this.source('layout').replace('<!-- body -->', body);
    return compile(layout)({ title: data.title, year: new Date().getFullYear() }); // <- cost
  }
}

module.exports = { Views, compile };
