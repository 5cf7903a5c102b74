package warehouse.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class ShipmentJoin {
    record Pick(long orderId, String sku, int units) {}

    record Order(long id, String carrier) {}

    record Load(String carrier, int units, int skus) {}

    public List<Load> loads(List<Order> orders, List<Pick> picks) {
        Map<Long, Order> byId = new HashMap<>(orders.size() * 2);
        for (Order o : orders) {
            byId.put(o.id(), o); // <- hot 19
        }
        Map<String, Map<String, Integer>> units = new HashMap<>();
        for (Pick p : picks) {
            Order o = byId.get(p.orderId()); // <- hot 27
            if (o == null) {
                continue;
            }
            units.computeIfAbsent(o.carrier(), k -> new HashMap<>())
                    .merge(p.sku(), p.units(), Integer::sum); // <- hot 38
        }
        List<Load> out = new ArrayList<>();
        for (Map.Entry<String, Map<String, Integer>> e : units.entrySet()) {
            int sum = 0;
            for (int u : e.getValue().values()) {
                sum += u;
            }
            out.add(new Load(e.getKey(), sum, e.getValue().size()));
        }
        out.sort(Comparator.comparingInt(Load::units).reversed());
        return out;
    }
}
