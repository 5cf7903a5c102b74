package exchange.matching;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

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
            Comparator.comparingLong((Order o) -> o.priceTicks).thenComparingLong(o -> o.seq); // <- hot 31

    private final List<Order> asks = new ArrayList<>();
    private long seq;

    public void sell(long priceTicks, int quantity) {
        asks.add(new Order(++seq, priceTicks, quantity));
        asks.sort(ASK_ORDER); // <- cost hot 53
    }

    /** Fills a buy order against the cheapest asks; returns what could not be filled. */
    public int buy(long limitTicks, int quantity) {
        int open = quantity;
        while (open > 0 && !asks.isEmpty()) {
            Order best = asks.get(0);
            if (best.priceTicks > limitTicks) {
                break;
            }
            int traded = Math.min(open, best.quantity);
            best.quantity -= traded;
            open -= traded;
            if (best.quantity == 0) {
                asks.remove(0); // <- cost hot 8
            }
        }
        return open;
    }

    public int depth() {
        return asks.size();
    }
}
