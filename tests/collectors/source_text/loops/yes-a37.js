const store = createStore({
  state: { articles: [], tags: [] },
  getters: {
    tagsFor: (state) => (articleId) =>
      state.tags.filter((t) => t.articleId === articleId), // <- 0
  },
});

function renderRow(article) {
  const tags = store.getters.tagsFor(article.id); // <- 1
  return `<tr><td>${article.title}</td><td>${tags.map((t) => t.name).join(', ')}</td></tr>`;
}

function renderTable(el) {
  let html = '';
  for (const article of store.state.articles) { // <- outer
    html += renderRow(article); // <- 2
  }
  el.innerHTML = `<table>${html}</table>`;
}
