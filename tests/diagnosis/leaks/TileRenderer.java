package com.example.maps;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

public class TileRenderer {

    static final int SIZE = 256;

    static final class TileKey { // <- cost
        final int zoom;
        final int x;
        final int y;
        final String style;

        TileKey(int zoom, int x, int y, String style) {
            this.zoom = zoom;
            this.x = x;
            this.y = y;
            this.style = style;
        }

        @Override
        public String toString() {
            return style + "/" + zoom + "/" + x + "/" + y;
        }
    }

    public record Feature(String kind, int[] xs, int[] ys) {}

    public interface FeatureSource {
        List<Feature> within(int zoom, int x, int y);
    }

    private final FeatureSource source;
    private final Map<TileKey, BufferedImage> tiles = new ConcurrentHashMap<>(); // <- cost
    private final Map<String, Color> palette = new ConcurrentHashMap<>();
    private final Map<String, Long> recentSlow = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > 100;
        }
    };

    public TileRenderer(FeatureSource source) {
        this.source = source;
        palette.put("water", new Color(0x9ecae1));
        palette.put("road", new Color(0x636363));
        palette.put("park", new Color(0xa1d99b));
    }

    public BufferedImage tile(int zoom, int x, int y, String style) {
        TileKey key = new TileKey(zoom, x, y, style);
        BufferedImage image = tiles.get(key);
        if (image == null) {
            long start = System.nanoTime();
            image = draw(zoom, x, y);
            note(key, System.nanoTime() - start);
            tiles.put(key, image); // <- cost
        }
        return image;
    }

    public void dropZoom(int zoom) {
        tiles.keySet().removeIf(k -> k.zoom > 18 && k.zoom == zoom);
    }

    private void note(TileKey key, long nanos) {
        if (nanos > 50_000_000L) {
            synchronized (recentSlow) {
                recentSlow.put(key.toString(), nanos);
            }
        }
    }

    private BufferedImage draw(int zoom, int x, int y) {
        BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_ARGB); // <- made 100
        Graphics2D g = image.createGraphics();
        try {
            List<Feature> ordered = new ArrayList<>(source.within(zoom, x, y));
            ordered.sort((a, b) -> a.kind().compareTo(b.kind()));
            for (Feature f : ordered) {
                g.setColor(palette.getOrDefault(f.kind(), Color.LIGHT_GRAY));
                g.drawPolyline(f.xs(), f.ys(), f.xs().length);
            }
        } finally {
            g.dispose();
        }
        return image;
    }
}
