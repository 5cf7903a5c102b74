package exchange.matching;

import java.util.Comparator;
import java.util.PriorityQueue;

public class OrderBook {
    public static final class Order {
        final long seq;
        final long priceTicks;
        int quantity;

        Order(long seq, long priceTicks, int quantity) {
            this.seq = seq;
            this.priceTicks = priceTicks;
            this.quantity = quantity;
        }
    }

    private static final Comparator<Order> ASK_ORDER =
            Comparator.comparingLong((Order o) -> o.priceTicks).thenComparingLong(o -> o.seq); // <- hot 22

    private final PriorityQueue<Order> asks = new PriorityQueue<>(ASK_ORDER);
    private long seq;

    public void sell(long priceTicks, int quantity) {
        asks.add(new Order(++seq, priceTicks, quantity)); // <- hot 30
    }

    /** Fills a buy order against the cheapest asks; returns what could not be filled. */
    public int buy(long limitTicks, int quantity) {
        int open = quantity;
        while (open > 0 && !asks.isEmpty()) {
            Order best = asks.peek();
            if (best.priceTicks > limitTicks) {
                break;
            }
            int traded = Math.min(open, best.quantity);
            best.quantity -= traded;
            open -= traded;
            if (best.quantity == 0) {
                asks.poll(); // <- hot 34
            }
        }
        return open;
    }

    public int depth() {
        return asks.size();
    }
}
