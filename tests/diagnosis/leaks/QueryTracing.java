package com.example.orm;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Logger;

public final class QueryTracing {

    private static final Logger LOG = Logger.getLogger("sql");

    record Trace(String sql, Object[] args, long micros, int rows) {}

    private static final ThreadLocal<List<Trace>> TRACES = ThreadLocal.withInitial(ArrayList::new); // <- cost

    private static final ThreadLocal<StringBuilder> SCRATCH = ThreadLocal.withInitial(StringBuilder::new);

    private QueryTracing() {}

    public static List<Map<String, Object>> query(Connection c, String sql, Object... args) throws SQLException {
        long start = System.nanoTime();
        List<Map<String, Object>> rows = new ArrayList<>();
        try (PreparedStatement st = c.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) {
                st.setObject(i + 1, args[i]);
            }
            try (ResultSet rs = st.executeQuery()) {
                while (rs.next()) {
                    rows.add(toMap(rs));
                }
            }
        }
        TRACES.get().add(trace(sql, args, start, rows.size())); // <- cost
        return rows;
    }

    private static Trace trace(String sql, Object[] args, long start, int rows) {
        long micros = (System.nanoTime() - start) / 1000;
        return new Trace(sql.strip(), Arrays.copyOf(args, args.length), micros, rows); // <- made 100
    }

    private static Map<String, Object> toMap(ResultSet rs) throws SQLException {
        ResultSetMetaData meta = rs.getMetaData();
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            row.put(meta.getColumnLabel(i), rs.getObject(i));
        }
        return row;
    }

    public static <T> T inRequest(String name, Callable<T> body) throws Exception {
        long start = System.nanoTime();
        T result = body.call();
        long millis = (System.nanoTime() - start) / 1_000_000;
        if (millis > 200) {
            LOG.warning(describe(name, millis));
            TRACES.get().clear(); // <- cost
        }
        return result;
    }

    private static String describe(String name, long millis) {
        StringBuilder sb = SCRATCH.get();
        sb.setLength(0);
        sb.append(name).append(" took ").append(millis).append(" ms");
        Map<String, Integer> repeats = new LinkedHashMap<>();
        for (Trace t : TRACES.get()) {
            repeats.merge(t.sql(), 1, Integer::sum);
            if (t.micros() > 50_000) {
                sb.append("\n  slow ").append(t.micros()).append("us ").append(t.sql());
                sb.append(' ').append(Arrays.toString(t.args()));
            }
        }
        repeats.forEach((sql, n) -> {
            if (n > 5) {
                sb.append("\n  repeated ").append(n).append("x ").append(sql);
            }
        });
        return sb.toString();
    }
}
