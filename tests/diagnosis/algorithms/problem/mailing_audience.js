"use strict";

const { loadContacts, loadOptOuts, loadBounces } = require("./stores");

const normal = (email) => email.trim().toLowerCase();

function without(contacts, blocked) {
  return contacts.filter(
    (c) => !new Set(blocked.map(normal)).has(normal(c.email)), // <- cost hot 93
  );
}

function matches(contact, segment) {
  if (segment.country && contact.country !== segment.country) return false;
  if (segment.minOrders && contact.orders < segment.minOrders) return false;
  if (segment.since && contact.joined < segment.since) return false;
  return true;
}

async function audience(segment) {
  const [contacts, optOuts, bounces] = await Promise.all([
    loadContacts(),
    loadOptOuts(),
    loadBounces(),
  ]);
  const wanted = contacts.filter((c) => matches(c, segment));
  return without(without(wanted, optOuts), bounces);
}

function batches(list, size) {
  const out = [];
  for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size));
  return out;
}

async function send(segment, mail, transport) {
  let sent = 0;
  for (const batch of batches(await audience(segment), 500)) {
    await transport.sendMany(mail, batch.map((c) => c.email));
    sent += batch.length;
  }
  return sent;
}

module.exports = { audience, send };
