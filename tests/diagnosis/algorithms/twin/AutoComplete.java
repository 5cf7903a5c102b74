package shop.search;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

public class AutoComplete {

    public record Suggestion(String text, int popularity) {}

    private final TreeMap<String, Suggestion> all = new TreeMap<>();

    public AutoComplete(Map<String, Integer> queryCounts) {
        queryCounts.forEach((text, count) -> {
            String lower = text.toLowerCase(Locale.ROOT);
            all.put(lower, new Suggestion(lower, count)); // <- hot 20
        });
    }

    public List<Suggestion> suggest(String typed, int limit) {
        String prefix = typed.strip().toLowerCase(Locale.ROOT);
        if (prefix.length() < 2) {
            return List.of();
        }
        Collection<Suggestion> range = all.subMap(prefix, prefix + Character.MAX_VALUE).values();
        return range.stream()
                .sorted(Comparator.comparingInt(Suggestion::popularity).reversed()) // <- hot 46
                .limit(limit)
                .collect(Collectors.toList());
    }

    public String toJson(String typed) {
        return suggest(typed, 8).stream()
                .map(s -> "\"" + s.text().replace("\"", "\\\"") + "\"") // <- hot 13
                .collect(Collectors.joining(",", "[", "]"));
    }
}
