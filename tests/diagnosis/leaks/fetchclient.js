'use strict';

const http = require('node:http');
const https = require('node:https');
const zlib = require('node:zlib');

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

class AbortError extends Error {
  constructor(message) {
    super(message);
    this.name = 'AbortError';
  }
}

class Response {
  constructor(message, url, body) {
    this.status = message.statusCode;
    this.url = url;
    this.headers = new Map(Object.entries(message.headers));
    this.body = body;
  }

  async text() {
    const chunks = [];
    for await (const chunk of this.body) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  async json() {
    return JSON.parse(await this.text());
  }
}

function normalize(url, options) {
  const headers = { accept: '*/*', 'accept-encoding': 'gzip', ...options.headers };
  return {
    url: new URL(url),
    method: (options.method || 'GET').toUpperCase(),
    headers,
    body: options.body,
    signal: options.signal || null,
    follow: options.follow === undefined ? 20 : options.follow,
    counter: options.counter || 0,
  };
}

function fetch(url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = normalize(url, options); // <- made 10
    const { signal } = request;
    const send = request.url.protocol === 'https:' ? https.request : http.request;

    if (signal && signal.aborted) {
      reject(new AbortError('The operation was aborted.'));
      return;
    }

    const req = send(request.url, { method: request.method, headers: request.headers }); // <- made 85

    const abort = () => {
      reject(new AbortError('The operation was aborted.'));
      req.destroy();
    };

    const finalize = () => {
      req.destroy();
      if (signal) signal.removeEventListener('abort', abort);
    };

    if (signal) signal.addEventListener('abort', abort); // <- made 5 <- cost

    req.on('error', (err) => {
      finalize();
      reject(err);
    });

    req.on('response', (message) => {
      const location = message.headers.location;
      if (REDIRECTS.has(message.statusCode) && location) {
        if (request.counter >= request.follow) {
          finalize();
          reject(new Error(`maximum redirect reached at: ${request.url}`));
          return;
        }
        const next = { ...options, counter: request.counter + 1 };
        if (message.statusCode === 303) {
          next.method = 'GET';
          next.body = undefined;
        }
        resolve(fetch(new URL(location, request.url), next));
        finalize();
        return;
      }
      const gzip = message.headers['content-encoding'] === 'gzip';
      const body = gzip ? message.pipe(zlib.createGunzip()) : message;
      resolve(new Response(message, String(request.url), body)); // <- cost
    });

    if (request.body) req.write(request.body);
    req.end();
  });
}

module.exports = { fetch, Response, AbortError };
