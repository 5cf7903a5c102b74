package shop;

import java.util.ArrayList;
import java.util.List;

public class GiftRule {
    private final String giftSku;

    public GiftRule(String giftSku) {
        this.giftSku = giftSku;
    }

    private OrderLine find(Order order, String sku) {
        for (OrderLine line : order.getLines()) {
            if (line.getSku().equals(sku)) { // <- 0
                return line;
            }
        }
        return null;
    }

    public List<Order> apply(List<Order> orders) {
        List<Order> changed = new ArrayList<>();
        for (Order order : orders) {
            if (order.getTotalCents() < 10_000) {
                continue;
            }
            OrderLine gift = find(order, giftSku); // <- 1
            if (gift == null) {
                order.addLine(new OrderLine(giftSku, 1, 0));
                changed.add(order);
            }
        }
        return changed;
    }
}
