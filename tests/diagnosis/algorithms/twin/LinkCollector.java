package org.crawlkit.frontier;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

public class LinkCollector {
    public interface Page {
        String base();
        List<String> hrefs();
    }

    private final Set<String> known = new LinkedHashSet<>();
    private int dropped;

    private static String normalise(String base, String href) {
        URI uri = URI.create(base).resolve(href).normalize(); // <- hot 61
        String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
        String path = uri.getPath() == null || uri.getPath().isEmpty() ? "/" : uri.getPath();
        return uri.getScheme() + "://" + host + path; // <- hot 14
    }

    private boolean remember(String url) {
        return known.add(url); // <- hot 13
    }

    public List<String> collect(Page page) {
        List<String> fresh = new ArrayList<>();
        for (String href : page.hrefs()) {
            if (href.startsWith("#") || href.startsWith("mailto:")) {
                continue;
            }
            String url = normalise(page.base(), href);
            if (remember(url)) {
                fresh.add(url);
            } else {
                dropped++;
            }
        }
        return fresh;
    }

    public int dropped() {
        return dropped;
    }

    public List<String> everything() {
        return new ArrayList<>(known);
    }
}
