// Cleans the fields of forms as they come in.
const _ = require('lodash');

function clean(form) {
  return { name: _.trim(form.name), age: _.toNumber(form.age), city: _.startCase(form.city) };
}

function* forms() {
  for (let i = 0; i < 100; i++) yield { name: `  person ${i} `, age: ` ${i} `, city: 'port of spain' };
  yield { name: 'x' + ' '.repeat(9000) + 'y', age: '1' + ' '.repeat(9000) + '2', city: 'bern' };
}

console.log(`ready ${process.pid}`);
function turn() {
  for (const form of forms()) clean(form);
  setImmediate(turn);
}
turn();
