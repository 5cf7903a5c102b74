import { Router } from 'express';
import { pool } from './db.js';

const QUERY = `
  SELECT id, parent_id AS "parentId", author, body, created_at AS "createdAt"
  FROM comments WHERE article_id = $1 ORDER BY created_at`;

function childrenOf(rows, parentId) {
  return rows
    .filter((row) => row.parentId === parentId) // <- cost hot 93
    .map((row) => ({
      id: row.id,
      author: row.author,
      body: row.body,
      at: row.createdAt,
      replies: childrenOf(rows, row.id), // <- cost
    }));
}

export function buildThread(rows) {
  return childrenOf(rows, null);
}

export function countReplies(nodes) {
  let n = 0;
  for (const node of nodes) n += 1 + countReplies(node.replies);
  return n;
}

export const comments = Router();

comments.get('/articles/:id/comments', async (req, res, next) => {
  try {
    const { rows } = await pool.query(QUERY, [req.params.id]);
    const thread = buildThread(rows);
    res.json({ total: countReplies(thread), thread });
  } catch (err) {
    next(err);
  }
});
