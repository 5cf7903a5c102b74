const express = require('express');

function toView(comment) {
  return {
    id: comment.id,
    author: comment.author_name,
    body: comment.deleted_at ? '[removed]' : comment.body,
    at: comment.created_at,
  };
}

function buildThread(comments, parentId = null, depth = 0) {
  return comments
    .filter((c) => c.parent_id === parentId) // <- cost hot 92
    .sort((a, b) => a.created_at - b.created_at)
    .map((c) => ({
      ...toView(c),
      depth,
      replies: buildThread(comments, c.id, depth + 1), // <- cost
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
      const thread = buildThread(rows);
      res.json({ total: countReplies(thread), thread });
    } catch (err) {
      next(err);
    }
  });
  return router;
}

module.exports = { buildThread, commentsRouter };
