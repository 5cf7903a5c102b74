import http from 'node:http';
import { readFile } from 'node:fs/promises';

const fold = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

class Gazetteer {
  constructor(places) {
    this.places = places
      .map((p) => ({ ...p, key: fold(p.name) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  *withPrefix(prefix) {
    for (const place of this.places) { // <- cost hot 30
      if (place.key.startsWith(prefix)) yield place; // <- cost hot 60
    }
  }

  suggest(input, limit = 8) {
    const prefix = fold(input.trim());
    if (prefix.length < 2) return [];
    const hits = [...this.withPrefix(prefix)];
    hits.sort((a, b) => b.population - a.population);
    return hits.slice(0, limit).map(({ name, country }) => ({ name, country }));
  }
}

export async function serve(file, port) {
  const gazetteer = new Gazetteer(JSON.parse(await readFile(file, 'utf8')));
  const server = http.createServer((req, res) => {
    const { searchParams } = new URL(req.url, 'http://localhost');
    const body = gazetteer.suggest(searchParams.get('q') ?? '');
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(body));
  });
  return server.listen(port);
}
