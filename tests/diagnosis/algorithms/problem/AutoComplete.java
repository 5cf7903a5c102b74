package shop.search;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

public class AutoComplete {

    public record Suggestion(String text, int popularity) {}

    private final List<Suggestion> all;

    public AutoComplete(Map<String, Integer> queryCounts) {
        this.all = queryCounts.entrySet().stream()
                .map(e -> new Suggestion(e.getKey().toLowerCase(Locale.ROOT), e.getValue()))
                .collect(Collectors.toList());
    }

    public List<Suggestion> suggest(String typed, int limit) {
        String prefix = typed.strip().toLowerCase(Locale.ROOT);
        if (prefix.length() < 2) {
            return List.of();
        }
        return all.stream()
                .filter(s -> s.text().startsWith(prefix)) // <- cost hot 84
                .sorted(Comparator.comparingInt(Suggestion::popularity).reversed()) // <- hot 9
                .limit(limit)
                .collect(Collectors.toList());
    }

    public String toJson(String typed) {
        return suggest(typed, 8).stream()
                .map(s -> "\"" + s.text().replace("\"", "\\\"") + "\"")
                .collect(Collectors.joining(",", "[", "]"));
    }
}
