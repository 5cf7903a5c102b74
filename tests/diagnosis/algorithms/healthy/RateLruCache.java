package fx.cache;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

public class RateLruCache {
    private final Map<String, Double> cache;
    private final Function<String, Double> loader;
    private long misses;

    public RateLruCache(int capacity, Function<String, Double> loader) {
        this.loader = loader;
        this.cache = new LinkedHashMap<>(capacity * 2, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Double> eldest) {
                return size() > capacity;
            }
        };
    }

    public double rate(String pair) {
        Double hit = cache.get(pair); // <- hot 48
        if (hit == null) {
            misses++;
            hit = loader.apply(pair); // <- hot 22
            cache.put(pair, hit); // <- hot 10
        }
        return hit;
    }

    public double convertAll(List<String> pairs, double[] amounts) {
        double total = 0;
        for (int i = 0; i < amounts.length; i++) {
            total += amounts[i] * rate(pairs.get(i)); // <- hot 12
        }
        return total;
    }

    public long misses() {
        return misses;
    }
}
