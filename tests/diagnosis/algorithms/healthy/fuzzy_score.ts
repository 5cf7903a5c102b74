const MAX_LENGTH = 128;
const SEPARATORS = new Set(['_', '-', '.', ' ', '/', '\\', ':', '$']);

const scores = Array.from({ length: MAX_LENGTH + 1 }, () => new Int16Array(MAX_LENGTH + 1));
const runs = Array.from({ length: MAX_LENGTH + 1 }, () => new Int16Array(MAX_LENGTH + 1));

export interface Scored<T> {
  item: T;
  score: number;
}

function isUpper(word: string, wordLow: string, i: number): boolean {
  return word[i] !== wordLow[i];
}

function matchBonus(word: string, wordLow: string, i: number): number {
  if (i === 0) return 8;
  if (SEPARATORS.has(word[i - 1])) return 6;
  if (isUpper(word, wordLow, i) && !isUpper(word, wordLow, i - 1)) return 5;
  return 0;
}

function isSubsequence(pattern: string, word: string): boolean {
  let p = 0;
  for (let w = 0; w < word.length && p < pattern.length; w++) {
    if (pattern[p] === word[w]) p++; // <- hot 22
  }
  return p === pattern.length;
}

/** Best score with which the pattern is found, in order, within a word. */
export function fuzzyScore(pattern: string, word: string): number | undefined {
  const patternLow = pattern.toLowerCase();
  const wordLow = word.toLowerCase();
  const rows = Math.min(pattern.length, MAX_LENGTH);
  const columns = Math.min(word.length, MAX_LENGTH);
  if (rows > columns || !isSubsequence(patternLow, wordLow)) return undefined;
  for (let r = 1; r <= rows; r++) {
    const above = scores[r - 1];
    const row = scores[r];
    row[r - 1] = -1;
    for (let c = r; c <= columns; c++) {
      let diagonal = -1;
      runs[r][c] = 0;
      if (patternLow[r - 1] === wordLow[c - 1] && above[c - 1] >= 0) { // <- hot 34
        const run = runs[r - 1][c - 1] + 1;
        runs[r][c] = run;
        const exact = pattern[r - 1] === word[c - 1] ? 1 : 0;
        diagonal = above[c - 1] + 1 + exact + matchBonus(word, wordLow, c - 1) + Math.min(run, 5); // <- hot 12
      }
      const left = row[c - 1] > 0 ? row[c - 1] - (runs[r][c - 1] > 0 ? 1 : 0) : row[c - 1];
      row[c] = Math.max(diagonal, left); // <- hot 18
    }
  }
  const best = scores[rows][columns];
  return best >= 0 ? best : undefined;
}

export function rank<T>(pattern: string, items: readonly T[], label: (item: T) => string): Scored<T>[] {
  const found: Scored<T>[] = [];
  for (const item of items) {
    const score = pattern === '' ? 0 : fuzzyScore(pattern, label(item));
    if (score !== undefined) found.push({ item, score });
  }
  return found.sort((a, b) => b.score - a.score);
}
