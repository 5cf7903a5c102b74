package com.example.trading;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

interface PriceListener {
    void onPrice(String symbol, BigDecimal price);
}

class PriceFeed {
    private final List<PriceListener> listeners = new CopyOnWriteArrayList<>(); // <- cost
    private final Map<String, BigDecimal> last = new HashMap<>();

    void addListener(PriceListener l) {
        listeners.add(l); // <- cost
    }

    void removeListener(PriceListener l) {
        listeners.remove(l);
    }

    void tick(String symbol, BigDecimal price) {
        BigDecimal before = last.put(symbol, price);
        if (before != null && before.compareTo(price) == 0) {
            return;
        }
        for (PriceListener l : listeners) {
            l.onPrice(symbol, price);
        }
    }
}

class StopOrder implements PriceListener {
    enum State { WAITING, TRIGGERED, CANCELLED }

    final long id;
    final String symbol;
    final BigDecimal stop;
    final BigDecimal[] recent = new BigDecimal[128]; // <- made 85
    private int seen;
    private final StopLossDesk desk;
    State state = State.WAITING;

    StopOrder(long id, String symbol, BigDecimal stop, StopLossDesk desk) {
        this.id = id;
        this.symbol = symbol;
        this.stop = stop;
        this.desk = desk;
    }

    @Override
    public void onPrice(String s, BigDecimal price) {
        if (state != State.WAITING || !symbol.equals(s)) {
            return;
        }
        recent[seen++ % recent.length] = price;
        if (price.compareTo(stop) <= 0) {
            state = State.TRIGGERED;
            desk.triggered(this, price);
        }
    }
}

public class StopLossDesk {
    private final PriceFeed feed;
    private final Map<Long, StopOrder> waiting = new HashMap<>();
    private final List<String> outbox = new ArrayList<>();
    private long nextId = 1;

    public StopLossDesk(PriceFeed feed) {
        this.feed = feed;
    }

    public long place(String symbol, BigDecimal stop) {
        StopOrder order = new StopOrder(nextId++, symbol, stop, this); // <- made 15
        waiting.put(order.id, order);
        feed.addListener(order); // <- cost
        return order.id;
    }

    public boolean cancel(long id) {
        StopOrder order = waiting.remove(id);
        if (order == null) {
            return false;
        }
        order.state = StopOrder.State.CANCELLED;
        feed.removeListener(order);
        return true;
    }

    void triggered(StopOrder order, BigDecimal price) {
        waiting.remove(order.id); // <- cost
        outbox.add("SELL " + order.symbol + " @ " + price + " stop=" + order.id);
    }

    public List<String> drain() {
        List<String> sent = new ArrayList<>(outbox);
        outbox.clear();
        return sent;
    }
}
