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
    record Hit(String host, ZonedDateTime at, String path, int status) { }

    static Optional<Hit> parse(String text) {
        Pattern line = Pattern.compile( // <- cost hot 43
                "^(\\S+) \\S+ \\S+ \\[([^\\]]+)\\] \"(GET|POST|PUT|DELETE|HEAD) ([^\"]*)\" (\\d{3}) (\\d+|-)");
        Matcher m = line.matcher(text);
        if (!m.find()) { // <- hot 16
            return Optional.empty();
        }
        DateTimeFormatter f = DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH); // <- cost hot 23
        ZonedDateTime at = ZonedDateTime.parse(m.group(2), f); // <- hot 11
        return Optional.of(new Hit(m.group(1), at, m.group(4), Integer.parseInt(m.group(5))));
    }

    public Map<Integer, Integer> errorsPerHour(BufferedReader in) throws IOException {
        Map<Integer, Integer> perHour = new TreeMap<>();
        String text;
        while ((text = in.readLine()) != null) {
            Optional<Hit> hit = parse(text);
            if (hit.isPresent() && hit.get().status() >= 500) {
                perHour.merge(hit.get().at().getHour(), 1, Integer::sum);
            }
        }
        return perHour;
    }
}
