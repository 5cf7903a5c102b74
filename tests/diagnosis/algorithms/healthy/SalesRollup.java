package com.shopmetrics.rollup;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

public class SalesRollup {
    public record Sale(String store, LocalDate day, long cents, int items) { }

    private record Key(String store, int year, int week) { }

    static final class Totals {
        long cents;
        long items;
        long biggest;

        void take(Sale s) {
            cents += s.cents();
            items += s.items();
            biggest = Math.max(biggest, s.cents());
        }
    }

    public record Row(String store, int year, int week, long cents, double basket) { }

    private final Map<Key, Totals> totals = new HashMap<>();

    private static Key keyOf(Sale s) {
        int week = (s.day().getDayOfYear() - 1) / 7; // <- hot 14
        return new Key(s.store(), s.day().getYear(), week);
    }

    public void load(Stream<Sale> sales) {
        sales.forEach(s -> totals.computeIfAbsent(keyOf(s), k -> new Totals()).take(s)); // <- hot 66
    }

    public List<Row> rows() {
        List<Row> rows = new ArrayList<>(totals.size());
        for (Map.Entry<Key, Totals> e : totals.entrySet()) {
            Key k = e.getKey();
            Totals t = e.getValue();
            double basket = t.items == 0 ? 0 : (double) t.cents / t.items;
            rows.add(new Row(k.store(), k.year(), k.week(), t.cents, basket));
        }
        rows.sort(Comparator.comparing(Row::store).thenComparingInt(Row::year).thenComparingInt(Row::week)); // <- hot 7
        return rows;
    }
}
