public class CsvImporter {
    public List<String[]> clean(List<String[]> rows, int keyColumn) {
        List<String[]> kept = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) { // <- outer
            String[] row = rows.get(i);
            if (row.length <= keyColumn) {
                continue;
            }
            boolean dup = false;
            for (int j = 0; j < i && !dup; j++) {
                String[] other = rows.get(j);
                dup = other.length > keyColumn && other[keyColumn].equalsIgnoreCase(row[keyColumn]); // <- 0
            }
            if (!dup) {
                kept.add(row);
            }
        }
        return kept;
    }
}
