// expect: pattern=blocking-io bench
// The reading service of a small publisher: readers page through sample chapters (30 a second), and download the books
// that they have bought as EPUB, each copy with its owner's name in every chapter (about 2 a second).
// Measured: 95 % of sample chapters within 150 ms with the problem, within 10 to 15 ms repaired; 0.35 cores both.
'use strict';

const { spawnSync } = require('child_process');
const path = require('path');
const zlib = require('zlib');
const express = require('express');

const BOOKS = 12;
const CHAPTERS = 14;
const READERS = 60;
const WORDS = (
  'the printer set each line by hand and read it twice before the forme was locked while rain fell on the yard ' +
  'nobody in the house had slept since the letter came from the coast and the ink would not dry on such a day'
).split(' ');

function paragraph(seed) {
  const words = [];
  let at = seed;
  for (let number = 0; number < 90; number++) {
    at = (Math.imul(at, 1103515245) + 12345) & 0x7fffffff;
    words.push(WORDS[(at >> 8) % WORDS.length] + ((at >> 16) % 11 === 0 ? ',' : ''));
  }
  return `<p>${words.join(' ')}.</p>`;
}

function makeBook(number) {
  const chapters = [];
  for (let chapter = 1; chapter <= CHAPTERS; chapter++) {
    const paragraphs = [];
    for (let at = 0; at < 400; at++) paragraphs.push(paragraph(number * 100003 + chapter * 997 + at));
    chapters.push({ title: `Chapter ${chapter}`, paragraphs, sample: paragraphs.slice(0, 6).join('\n') });
  }
  return { id: number, title: `The Bindery, volume ${number}`, chapters };
}

const library = new Map();
for (let number = 1; number <= BOOKS; number++) library.set(number, makeBook(number));

function page(title, body) {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml">' +
    `<head><title>${title}</title></head><body>\n${body}\n</body></html>\n`
  );
}

function files(book, reader) {
  const items = book.chapters.map((chapter, at) => `<item id="c${at}" href="c${at}.xhtml"/>`).join('');
  return [
    { name: 'META-INF/container.xml', text: '<container><rootfile full-path="book.opf"/></container>' },
    { name: 'book.opf', text: `<package><title>${book.title}</title><manifest>${items}</manifest></package>` },
    ...book.chapters.map((chapter, at) => ({
      name: `c${at}.xhtml`,
      text: page(chapter.title, `${chapter.paragraphs.join('\n')}\n<p class="owner">This copy belongs to ${reader}.</p>`),
    })),
  ];
}

function entry(name, content, packed, method) {
  const encoded = Buffer.from(name);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(zlib.crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(encoded.length, 22);
  return { encoded, fields, packed };
}

function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { encoded, fields, packed } of entries) {
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, encoded, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, tail, encoded);
    offset += 30 + encoded.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

async function pack(file) {
  const content = Buffer.from(file.text);
  const packed = zlib.deflateRawSync(content); // <- cost
  return entry(file.name, content, packed, 8);
}

async function bind(book, reader) {
  const kind = Buffer.from('application/epub+zip');
  const packed = await Promise.all(files(book, reader).map(pack)); // <- cost
  return zip([entry('mimetype', kind, kind, 0), ...packed]);
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');

app.param('book', (request, response, next, id) => {
  request.book = library.get(Number(id));
  if (!request.book) return response.status(404).json({ error: 'no such book' });
  return next();
});

app.get('/books/:book/chapters/:chapter', (request, response) => {
  const chapter = request.book.chapters[Number(request.params.chapter) - 1];
  if (!chapter) return response.status(404).json({ error: 'no such chapter' });
  return response.type('html').send(page(chapter.title, chapter.sample));
});

app.get('/books/:book/copies/:reader', async (request, response, next) => {
  try {
    const bound = await bind(request.book, request.params.reader); // <- cost
    response.type('application/epub+zip').send(bound);
  } catch (error) {
    next(error);
  }
});

function customers(port, paths, rate, workers) {
  const clients = path.join(path.dirname(process.env.SERVICES), 'clients.py');
  const words = [clients, 'http', String(port), paths.join(','), String(rate), String(workers)];
  spawnSync(process.env.PYTHON, words, { stdio: 'ignore' });
}

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const samples = [];
  const copies = [];
  for (const number of library.keys()) {
    for (let chapter = 1; chapter <= CHAPTERS; chapter++) samples.push(`/books/${number}/chapters/${chapter}`);
    for (let reader = number; reader < READERS; reader += 7) copies.push(`/books/${number}/copies/reader${reader}`);
  }
  customers(port, samples, 30, 6);
  customers(port, copies, 2, 2);
  setTimeout(() => console.log(`ready ${process.pid}`), 1500);
});
