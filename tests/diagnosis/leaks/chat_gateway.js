'use strict';

const http = require('http');
const { WebSocketServer } = require('ws');
const { randomUUID } = require('crypto');

const MAX_BACKLOG = 50;

const rooms = new Map();
const profiles = new Map(); // <- cost
const banned = new Set((process.env.BANNED || '').split(',').filter(Boolean));

function getRoom(name) {
  let room = rooms.get(name);
  if (!room) {
    room = { name, members: new Set(), backlog: [] };
    rooms.set(name, room);
  }
  return room;
}

function parseHello(msg, req) {
  const tags = Array.isArray(msg.tags) ? msg.tags.slice(0, 20) : [];
  return { // <- made 35
    nick: String(msg.nick || 'anon').slice(0, 32),
    agent: req.headers['user-agent'],
    avatar: Buffer.from(msg.avatar || '', 'base64'), // <- made 65
    tags,
    since: Date.now(),
  };
}

function broadcast(room, payload) {
  const text = JSON.stringify(payload);
  room.backlog.push(text);
  if (room.backlog.length > MAX_BACKLOG) room.backlog.shift();
  for (const ws of room.members) {
    if (ws.readyState === ws.OPEN) ws.send(text);
  }
}

function leave(ws) {
  for (const name of ws.joined) {
    const room = rooms.get(name);
    if (!room) continue;
    room.members.delete(ws);
    if (room.members.size === 0) {
      rooms.delete(name);
    } else {
      broadcast(room, { type: 'left', id: ws.id });
    }
  }
  ws.joined.clear(); // <- cost
}

const handlers = {
  hello(ws, msg, req) {
    profiles.set(ws.id, parseHello(msg, req)); // <- cost
    ws.send(JSON.stringify({ type: 'welcome', id: ws.id }));
  },
  join(ws, msg) {
    const room = getRoom(String(msg.room));
    room.members.add(ws);
    ws.joined.add(room.name);
    for (const line of room.backlog) ws.send(line);
  },
  say(ws, msg) {
    const who = profiles.get(ws.id);
    if (!who || !ws.joined.has(msg.room)) return;
    broadcast(getRoom(msg.room), { type: 'said', nick: who.nick, text: String(msg.text).slice(0, 2000) });
  },
};

function start(port) {
  const server = http.createServer();
  const wss = new WebSocketServer({ server });
  wss.on('connection', (ws, req) => {
    if (banned.has(req.socket.remoteAddress)) return ws.close(4003);
    ws.id = randomUUID();
    ws.joined = new Set();
    ws.on('message', (data) => {
      let msg;
      try {
        msg = JSON.parse(data);
      } catch {
        return ws.close(4000, 'bad json');
      }
      const fn = Object.hasOwn(handlers, msg.type) ? handlers[msg.type] : null;
      if (fn) fn(ws, msg, req);
    });
    ws.on('close', () => leave(ws));
  });
  server.listen(port);
  return server;
}

module.exports = { start };
