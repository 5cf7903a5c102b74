class RouteNode {
  constructor() {
    this.fixed = new Map();
    this.param = null;
    this.paramName = '';
    this.handlers = {};
  }
}

export class Router {
  constructor() {
    this.root = new RouteNode();
    this.guards = [];
  }

  guard(name, test) {
    this.guards.push({ name, test });
    return this;
  }

  on(method, pattern, handler) {
    let node = this.root;
    for (const part of pattern.split('/').filter(Boolean)) {
      if (part.startsWith(':')) {
        node.param ??= new RouteNode();
        node.paramName = part.slice(1);
        node = node.param;
      } else {
        if (!node.fixed.has(part)) node.fixed.set(part, new RouteNode());
        node = node.fixed.get(part);
      }
    }
    node.handlers[method] = handler;
    return this;
  }

  match(method, pathname) {
    const params = {};
    let node = this.root;
    for (const part of pathname.split('/')) { // <- hot 30
      if (part === '') continue;
      const fixed = node.fixed.get(part); // <- hot 22
      if (fixed) {
        node = fixed;
      } else if (node.param) {
        params[node.paramName] = decodeURIComponent(part); // <- hot 20
        node = node.param;
      } else {
        return null;
      }
    }
    const handler = node.handlers[method];
    return handler ? { handler, params } : null;
  }

  async handle(req, res) {
    const at = req.url.indexOf('?');
    const found = this.match(req.method, at < 0 ? req.url : req.url.slice(0, at));
    const blocked = this.guards.find((g) => !g.test(req)); // <- hot 8
    if (!found || blocked) {
      res.writeHead(blocked ? 403 : 404).end();
      return;
    }
    await found.handler(req, res, found.params);
  }
}
