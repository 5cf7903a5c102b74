// expect: healthy bench
// Marks the orders whose customer is on a list.
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

public class OrderContains {
    record Order(int number, String customer) {}

    static int marked(List<Order> orders, Set<String> listed) {
        int count = 0;
        for (Order order : orders) {
            if (listed.contains(order.customer())) count++;
        }
        return count;
    }

    static int known(List<Order> orders, Set<String> names) {
        int count = 0;
        for (Order order : orders) if (names.contains(order.customer())) count++;
        return count;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        List<String> listed = new ArrayList<>();
        List<Order> orders = new ArrayList<>();
        for (int i = 0; i < 3000; i++) listed.add("customer-" + i * 7);
        for (int i = 0; i < 3000; i++) orders.add(new Order(i, "customer-" + i * 5));
        Set<String> names = new HashSet<>(listed);
        long total = 0;
        while (total >= 0) total = total + marked(orders, names) + known(orders, names) & 0xffffff;
    }
}
