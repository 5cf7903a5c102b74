// expect: healthy bench
// A store that hands out copies of its state, so that nobody changes it.
const state = { users: Array.from({ length: 300 }, (_, i) => ({ id: i, name: `user ${i}`, roles: ['reader', 'writer'] })), version: 0 };

function snapshot() {
  return Object.freeze({ ...state });
}

function active(users) {
  return users.filter((user) => user.id % 3 === state.version % 3).length;
}

console.log(`ready ${process.pid}`);
let total = 0;
function turn() {
  state.version++;
  const copy = snapshot();
  total += active(copy.users) + JSON.stringify({ version: copy.version }).length;
  setImmediate(turn);
}
turn();
