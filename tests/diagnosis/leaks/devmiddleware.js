'use strict';

const crypto = require('node:crypto');
const path = require('node:path').posix;

const MIME = { '.js': 'text/javascript', '.css': 'text/css', '.map': 'application/json' };

class MemoryFileSystem {
  constructor() {
    this.root = Object.create(null);
  }

  mkdirp(dir) {
    let node = this.root;
    for (const part of dir.split('/').filter(Boolean)) {
      if (!node[part]) node[part] = Object.create(null);
      node = node[part];
    }
    return node;
  }

  writeFile(file, content) {
    const dir = this.mkdirp(path.dirname(file));
    dir[path.basename(file)] = Buffer.isBuffer(content) ? content : Buffer.from(content); // <- made 90 <- cost
  }

  readFile(file) {
    let node = this.root;
    for (const part of file.split('/').filter(Boolean)) {
      node = node && !Buffer.isBuffer(node) ? node[part] : undefined;
    }
    return Buffer.isBuffer(node) ? node : null;
  }
}

function digest(text) {
  return crypto.createHash('md5').update(text).digest('hex').slice(0, 12);
}

function devMiddleware(compiler, options) {
  const fs = new MemoryFileSystem();
  const { outputPath = '/dist', filename = '[name].[hash].js' } = options;
  let waiting = [];
  let valid = false;
  let stats = null;

  function emit(compilation) {
    const assets = new Map();
    const dependents = new Map();
    for (const chunk of compilation.chunks) {
      const body = chunk.modules.map((m) => m.source).join('\n');
      const name = filename.replace('[name]', chunk.name).replace('[hash]', digest(body));
      assets.set(name, body);
      assets.set(`${name}.map`, JSON.stringify({ version: 3, sources: chunk.modules.map((m) => m.id) }));
      for (const module of chunk.modules) {
        dependents.set(module.id, (dependents.get(module.id) || []).concat(chunk.name));
      }
    }
    for (const [name, body] of assets) {
      fs.writeFile(path.join(outputPath, name), body); // <- made 10 <- cost
    }
    stats = { assets: [...assets.keys()], modules: dependents.size, time: compilation.time };
  }

  compiler.on('invalid', () => {
    valid = false;
  });

  compiler.on('done', (compilation) => {
    emit(compilation);
    valid = true;
    const callbacks = waiting;
    waiting = [];
    callbacks.forEach((callback) => callback(stats));
  });

  function ready(callback) {
    if (valid) callback(stats);
    else waiting.push(callback);
  }

  function middleware(req, res, next) {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    return ready(() => {
      const { pathname } = new URL(req.url, 'http://localhost');
      const content = fs.readFile(path.join(outputPath, pathname));
      if (!content) return next();
      res.setHeader('Content-Type', MIME[path.extname(pathname)] || 'application/octet-stream');
      res.setHeader('Content-Length', content.length);
      return res.end(req.method === 'HEAD' ? undefined : content);
    });
  }

  middleware.fileSystem = fs;
  middleware.waitUntilValid = ready;
  return middleware;
}

module.exports = { devMiddleware, MemoryFileSystem };
