export function parseBlocks(source) {
  const lines = source.split('\n');
  const blocks = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    if (line.startsWith('```')) {
      let j = i + 1;
      while (j < lines.length && lines[j].trim() !== '```') j++; // <- 0
      blocks.push({ type: 'code', lang: line.slice(3).trim(), body: lines.slice(i + 1, j) });
      i = j + 1;
    } else if (line.startsWith('#')) {
      const level = line.match(/^#+/)[0].length;
      blocks.push({ type: 'heading', level, text: line.slice(level).trim() });
      i++;
    } else if (line.trim() === '') {
      i++;
    } else {
      const start = i;
      while (i < lines.length && lines[i].trim() !== '' && !/^(#|```)/.test(lines[i])) i++;
      blocks.push({ type: 'para', text: lines.slice(start, i).join(' ') });
    }
  }
  return blocks;
}
