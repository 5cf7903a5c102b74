import { createStore } from "./store.js";

const initial = { cards: {}, columns: [], selection: null };

function moveCard(doc, { id, column, position }) {
  doc.cards[id].column = column;
  doc.cards[id].position = position;
}

function renameCard(doc, { id, title }) {
  doc.cards[id].title = title;
}

const handlers = { moveCard, renameCard };

export class History {
  constructor(doc = initial) {
    this.doc = doc;
    this.past = [];
  }

  apply(action) {
    const card = this.doc.cards[action.id];
    this.past.push({ id: action.id, before: { ...card } }); // <- hot 43
    handlers[action.type](this.doc, action); // <- hot 22
  }

  undo() {
    const step = this.past.pop();
    if (step) this.doc.cards[step.id] = step.before;
  }
}

export function replay(doc, actions) {
  const history = new History(doc);
  for (const action of actions) {
    if (action.type === "undo") history.undo();
    else history.apply(action);
  }
  return history.doc;
}

export async function restoreSession(api, boardId) {
  const [doc, actions] = await Promise.all([
    api.get(`/boards/${boardId}`),
    api.get(`/boards/${boardId}/journal`),
  ]);
  return createStore(replay(doc, actions));
}
