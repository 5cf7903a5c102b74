const KEYWORDS = ['if', 'else', 'each', 'end', 'include'];

const State = Object.freeze({ TEXT: 0, TAG: 1, STRING: 2 });

export function* tokens(source) {
  let state = State.TEXT;
  let start = 0;
  let quote = '';
  for (let i = 0; i < source.length; i++) { // <- hot 18
    const c = source[i]; // <- hot 20
    switch (state) {
      case State.TEXT:
        if (c === '{' && source[i + 1] === '{') { // <- hot 24
          if (i > start) yield { type: 'text', value: source.slice(start, i) };
          state = State.TAG;
          start = i + 2;
          i++;
        }
        break;
      case State.TAG:
        if (c === '"' || c === "'") {
          quote = c;
          state = State.STRING;
        } else if (c === '}' && source[i + 1] === '}') {
          yield* tag(source.slice(start, i).trim()); // <- hot 16
          state = State.TEXT;
          start = i + 2;
          i++;
        }
        break;
      case State.STRING:
        if (c === quote) state = State.TAG;
        break;
    }
  }
  if (state !== State.TEXT) throw new SyntaxError('unterminated tag');
  if (start < source.length) yield { type: 'text', value: source.slice(start) };
}

function* tag(body) {
  const space = body.search(/\s/);
  const head = space < 0 ? body : body.slice(0, space);
  if (KEYWORDS.includes(head)) {
    yield { type: head, value: space < 0 ? '' : body.slice(space + 1).trim() };
  } else {
    yield { type: 'expr', value: body };
  }
}

export function parse(source) {
  const root = { type: 'root', children: [] };
  const stack = [root];
  for (const token of tokens(source)) {
    const top = stack[stack.length - 1];
    if (token.type === 'end') {
      if (stack.length === 1) throw new SyntaxError('unexpected end');
      stack.pop();
      continue;
    }
    top.children.push(token);
    if (token.type === 'if' || token.type === 'each') {
      token.children = [];
      stack.push(token);
    }
  }
  return root;
}
