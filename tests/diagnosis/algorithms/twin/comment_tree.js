import { Router } from 'express';
import { pool } from './db.js';

const QUERY = `
  SELECT id, parent_id AS "parentId", author, body, created_at AS "createdAt"
  FROM comments WHERE article_id = $1 ORDER BY created_at`;

function childrenOf(grouped, parentId) {
  const rows = grouped.get(parentId) ?? []; // <- hot 18
  return rows.map((row) => ({ // <- hot 30
    id: row.id,
    author: row.author,
    body: row.body,
    at: row.createdAt,
    replies: childrenOf(grouped, row.id),
  }));
}

export function buildThread(rows) {
  const grouped = new Map();
  for (const row of rows) {
    const siblings = grouped.get(row.parentId); // <- hot 15
    if (siblings) siblings.push(row);
    else grouped.set(row.parentId, [row]); // <- hot 14
  }
  return childrenOf(grouped, null);
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
