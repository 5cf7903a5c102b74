// expect: healthy bench
// Threads look prices up in one cache, and work missing ones out before they take its lock.
import java.util.HashMap;
import java.util.Map;

public class LockedCache {
    private final Map<Integer, Double> prices = new HashMap<>();
    private long asked;

    private static double workOut(int article) {
        double price = 1;
        for (int i = 1; i < 60_000; i++) price += Math.sqrt(article + i) / i;
        return price;
    }

    double price(int article) {
        synchronized (this) {
            asked++;
            if (prices.size() > 1000) prices.clear();
            Double known = prices.get(article);
            if (known != null) return known;
        }
        double price = workOut(article);
        synchronized (this) {
            prices.put(article, price);
        }
        return price;
    }

    // (its own, never contended: nothing to accuse)
    private static synchronized long tick(long seen) {
        return seen + 1;
    }

    public static void main(String[] arguments) throws Exception {
        LockedCache cache = new LockedCache();
        for (int worker = 0; worker < 3; worker++) {
            int first = worker * 1_000_003;
            Thread thread = new Thread(() -> {
                long seen = 0;
                for (int article = first; ; article++) {
                    cache.price(article);
                    if (first == 0) seen = tick(seen);
                }
            }, "pricing-" + worker);
            thread.start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        Thread.currentThread().join();
    }
}
