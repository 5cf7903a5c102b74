import { Router } from "express";
import { db } from "../db.js";

const router = Router();

function view(row, children) {
  return {
    id: row.id,
    author: row.author,
    text: row.deleted ? "[removed]" : row.body,
    score: row.up - row.down,
    children,
  };
}

function byParent(rows) {
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(row.parent_id); // <- hot 24
    if (group) group.push(row);
    else groups.set(row.parent_id, [row]); // <- hot 13
  }
  return groups;
}

function nest(rows) {
  const groups = byParent(rows);
  const build = (id) =>
    (groups.get(id) ?? [])
      .map((row) => view(row, build(row.id))) // <- hot 31
      .sort((a, b) => b.score - a.score); // <- hot 14
  return build(null);
}

function countDeep(nodes) {
  let n = 0;
  for (const node of nodes) n += 1 + countDeep(node.children);
  return n;
}

router.get("/threads/:id/comments", async (req, res, next) => {
  try {
    const rows = await db("comments").where({ thread_id: req.params.id });
    const tree = nest(rows);
    res.json({ total: countDeep(tree), comments: tree });
  } catch (err) {
    next(err);
  }
});

export default router;
