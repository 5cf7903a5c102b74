const express = require('express');

function toView(comment) {
  return {
    id: comment.id,
    author: comment.author_name,
    body: comment.deleted_at ? '[removed]' : comment.body,
    at: comment.created_at,
  };
}

function childrenByParent(comments) {
  const children = new Map();
  for (const c of comments) {
    const list = children.get(c.parent_id); // <- hot 21
    if (list) list.push(c);
    else children.set(c.parent_id, [c]);
  }
  return children;
}

function buildThread(children, parentId = null, depth = 0) {
  return (children.get(parentId) || [])
    .sort((a, b) => a.created_at - b.created_at) // <- hot 29
    .map((c) => ({
      ...toView(c), // <- hot 31
      depth,
      replies: buildThread(children, c.id, depth + 1),
    }));
}

function countReplies(nodes) {
  return nodes.reduce((n, node) => n + 1 + countReplies(node.replies), 0);
}

function commentsRouter(db) {
  const router = express.Router();
  router.get('/articles/:id/comments', async (req, res, next) => {
    try {
      const rows = await db.query(
        'select * from comments where article_id = $1',
        [req.params.id],
      );
      const thread = buildThread(childrenByParent(rows));
      res.json({ total: countReplies(thread), thread });
    } catch (err) {
      next(err);
    }
  });
  return router;
}

module.exports = { buildThread, commentsRouter };
