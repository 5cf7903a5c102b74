async function sync(store, api) {
  const remote = await api.list('notes');
  const local = await store.all();
  const upload = [];
  const keep = [];

  remote.forEach((note) => { // <- outer
    const i = local.findIndex((l) => l.uuid === note.uuid); // <- 0
    if (i < 0) {
      keep.push(note);
      return;
    }
    const mine = local[i];
    if (mine.rev > note.rev) {
      upload.push(mine);
      keep.push(mine);
    } else {
      keep.push(note);
    }
  });

  await api.push(upload);
  await store.replace(keep);
  return { uploaded: upload.length, total: keep.length };
}
