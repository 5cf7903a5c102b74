export function breakLines(doc, measure, maxWidth) {
  const lines = [];
  for (const paragraph of doc.paragraphs) {
    let line = '';
    let width = 0;
    const words = paragraph.text.split(' ');
    for (let i = 0; i < words.length; i++) {
      const w = measure(words[i]);
      if (width + w > maxWidth && line !== '') { // <- 0
        lines.push({ text: line, style: paragraph.style });
        line = '';
        width = 0;
      }
      line += (line === '' ? '' : ' ') + words[i];
      width += w + measure(' ');
    }
    if (line !== '') lines.push({ text: line, style: paragraph.style });
  }
  return lines;
}
