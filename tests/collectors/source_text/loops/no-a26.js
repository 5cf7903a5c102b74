const escapeHtml = (s) =>
  s.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

function renderRow(row) {
  let html = '<tr>';
  for (let i = 0; i < row.cells.length; i++) {
    const cell = row.cells[i];
    html += `<td class="${cell.kind}">${escapeHtml(String(cell.value))}</td>`; // <- 0
  }
  return html + '</tr>';
}

function renderSheet(sheet) {
  const parts = ['<table>'];
  for (const row of sheet.rows) {
    if (row.hidden) continue;
    parts.push(renderRow(row)); // <- 1
  }
  parts.push('</table>');
  return parts.join('\n');
}

module.exports = (book) => book.sheets.map(renderSheet).join('<hr>'); // <- 2
