import java.io.*;
import java.util.*;

public class CsvReader {
    private final Reader in;
    private final char sep;

    public CsvReader(Reader in, char sep) {
        this.in = in;
        this.sep = sep;
    }

    private List<String> record() throws IOException {
        List<String> fields = new ArrayList<>();
        StringBuilder cur = new StringBuilder();
        boolean quoted = false;
        int c;
        while ((c = in.read()) != -1 && (quoted || c != '\n')) {
            if (c == '"') {
                quoted = !quoted;
            } else if (c == sep && !quoted) {
                fields.add(cur.toString());
                cur.setLength(0);
            } else {
                cur.append((char) c); // <- 0
            }
        }
        fields.add(cur.toString());
        return c == -1 && fields.size() == 1 ? null : fields;
    }

    public int copy(List<List<String>> sink) throws IOException {
        List<String> r;
        while ((r = record()) != null) { // <- 1
            sink.add(r);
        }
        return sink.size();
    }
}
