'use strict';

class BatchLoader {
  constructor(fetchMany, { maxBatch = 100 } = {}) {
    this.fetchMany = fetchMany;
    this.maxBatch = maxBatch;
    this.queue = [];
    this.cache = new Map(); // <- cost
    this.scheduled = false;
  }

  load(key) {
    const hit = this.cache.get(key);
    if (hit) return hit;
    const promise = new Promise((resolve, reject) => { // <- made 20
      this.queue.push({ key, resolve, reject });
    });
    this.cache.set(key, promise); // <- cost
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    return promise;
  }

  loadMany(keys) {
    return Promise.all(keys.map((k) => this.load(k)));
  }

  async flush() {
    this.scheduled = false;
    const batch = this.queue.splice(0, this.maxBatch);
    if (this.queue.length) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    try {
      const rows = await this.fetchMany(batch.map((b) => b.key));
      const byKey = new Map(rows.map((r) => [r.id, r]));
      for (const b of batch) b.resolve(byKey.get(b.key) || null);
    } catch (err) {
      for (const b of batch) {
        this.cache.delete(b.key);
        b.reject(err);
      }
    }
  }
}

function hydrate(row) {
  const profile = JSON.parse(row.profile_json); // <- made 60
  return { // <- made 20
    id: row.id,
    name: row.first + ' ' + row.last,
    avatar: `https://cdn.example.com/u/${row.id}.png`,
    profile,
  };
}

function makeContext(pool) {
  const users = new BatchLoader(async (ids) => { // <- cost
    const { rows } = await pool.query('select * from users where id = any($1)', [ids]);
    return rows.map(hydrate);
  });
  return function context(req) {
    return { users, viewerId: req.session.userId, errors: [] };
  };
}

const resolvers = {
  Post: {
    author: (post, _args, ctx) => ctx.users.load(post.authorId),
    likers: async (post, { first }, ctx) => {
      const ids = post.likerIds.slice(0, first);
      const found = await ctx.users.loadMany(ids);
      return found.filter(Boolean);
    },
  },
};

module.exports = { BatchLoader, makeContext, resolvers };
