package org.crawlkit.frontier;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

public class LinkCollector {
    public interface Page {
        String base();
        List<String> hrefs();
    }

    private final List<String> known = new ArrayList<>();
    private int dropped;

    private static String normalise(String base, String href) {
        URI uri = URI.create(base).resolve(href).normalize();
        String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
        String path = uri.getPath() == null || uri.getPath().isEmpty() ? "/" : uri.getPath();
        return uri.getScheme() + "://" + host + path;
    }

    private boolean remember(String url) {
        if (known.contains(url)) { // <- cost hot 90
            return false;
        }
        known.add(url);
        return true;
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
