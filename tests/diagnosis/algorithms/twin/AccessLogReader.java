package com.hostwatch.ingest;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class AccessLogReader {
    private static final Pattern LINE = Pattern.compile(
            "^(\\S+) \\S+ \\S+ \\[([^\\]]+)\\] \"(GET|POST|PUT|DELETE|HEAD) ([^\"]*)\" (\\d{3}) (\\d+|-)");
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH);

    record Hit(String host, ZonedDateTime at, String path, int status) { }

    static Optional<Hit> parse(String text) {
        Matcher m = LINE.matcher(text);
        if (!m.find()) { // <- hot 38
            return Optional.empty();
        }
        ZonedDateTime at = ZonedDateTime.parse(m.group(2), STAMP); // <- hot 36
        return Optional.of(new Hit(m.group(1), at, m.group(4), Integer.parseInt(m.group(5))));
    }

    public Map<Integer, Integer> errorsPerHour(BufferedReader in) throws IOException {
        Map<Integer, Integer> perHour = new TreeMap<>();
        String text;
        while ((text = in.readLine()) != null) { // <- hot 15
            Optional<Hit> hit = parse(text);
            if (hit.isPresent() && hit.get().status() >= 500) {
                perHour.merge(hit.get().at().getHour(), 1, Integer::sum);
            }
        }
        return perHour;
    }
}
