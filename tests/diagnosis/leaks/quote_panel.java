package com.acme.desk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

interface QuoteListener {
    void onQuote(String symbol, double bid, double ask);
}

class QuoteFeed {
    private static final QuoteFeed INSTANCE = new QuoteFeed();
    private final List<QuoteListener> listeners = new CopyOnWriteArrayList<>();
    private final Map<String, Double> lastMid = new HashMap<>();

    static QuoteFeed get() {
        return INSTANCE;
    }

    void addListener(QuoteListener l) {
        listeners.add(l); // <- cost
    }

    void removeListener(QuoteListener l) {
        listeners.remove(l);
    }

    void publish(String symbol, double bid, double ask) {
        lastMid.put(symbol, (bid + ask) / 2);
        for (QuoteListener l : listeners) {
            l.onQuote(symbol, bid, ask);
        }
    }
}

class ChartPanel {
    private final String symbol;
    private final double[] ring;
    private final Deque<String> labels = new ArrayDeque<>();
    private int next;
    private boolean visible = true;

    ChartPanel(String symbol, int points) {
        this.symbol = symbol;
        this.ring = new double[points]; // <- made 95
        QuoteFeed.get().addListener(this::accept); // <- made 5 <- cost
    }

    private void accept(String s, double bid, double ask) {
        if (!visible || !s.equals(symbol)) {
            return;
        }
        ring[next++ % ring.length] = (bid + ask) / 2;
        labels.addLast(String.format("%.4f", ask));
        if (labels.size() > 8) {
            labels.removeFirst();
        }
    }

    void dispose() {
        visible = false;
        labels.clear();
        QuoteFeed.get().removeListener(this::accept); // <- cost
    }
}

class Workspace {
    private final Map<String, ChartPanel> open = new HashMap<>();

    void show(String symbol) {
        open.computeIfAbsent(symbol, s -> new ChartPanel(s, 20_000));
    }

    void close(String symbol) {
        ChartPanel panel = open.remove(symbol);
        if (panel != null) {
            panel.dispose();
        }
    }

    List<String> titles() {
        return new ArrayList<>(open.keySet());
    }
}
