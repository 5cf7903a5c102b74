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

function nest(rows, parentId = null) {
  return rows
    .filter((row) => row.parent_id === parentId) // <- cost hot 88
    .map((row) => view(row, nest(rows, row.id))) // <- cost
    .sort((a, b) => b.score - a.score);
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
