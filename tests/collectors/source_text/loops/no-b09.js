function unpack(bytes) {
  const out = [];
  let i = 0;
  scan:
  while (i < bytes.length) {
    const tag = bytes[i++];
    let len = tag & 0x7f;
    if (tag & 0x80) {
      const value = bytes[i++];
      while (len-- > 0) out.push(value);
      continue scan;
    }
    for (; len > 0; len--) {
      if (i >= bytes.length) break scan;
      out.push(bytes[i++]); // <- 0
    }
  }
  return Uint8Array.from(out);
}

exports.unpackAll = frames => frames.map(f => ({ ...f, data: unpack(f.data) })); // <- 1
