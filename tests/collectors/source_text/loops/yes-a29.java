public class TableWriter {
    private final List<String> strings = new ArrayList<>();
    private final ByteBuffer out;

    public TableWriter(ByteBuffer out) {
        this.out = out;
    }

    private int stringIndex(String s) {
        int at = strings.indexOf(s); // <- 0
        if (at == -1) {
            strings.add(s);
            at = strings.size() - 1;
        }
        return at;
    }

    private void writeRecord(Record r) {
        out.putLong(r.timestamp());
        out.putInt(stringIndex(r.source())); // <- 1
        out.putInt(stringIndex(r.message()));
    }

    public void writeAll(Iterable<Record> records) {
        records.forEach(this::writeRecord); // <- 2 outer
        out.putInt(strings.size());
    }
}
