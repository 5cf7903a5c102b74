package org.mapworks.tiles;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Walks the tile pyramid breadth first and hands every non-empty tile to a sink. */
public class TileCrawler {
    public static final class Tile {
        final int zoom;
        final int x;
        final int y;

        Tile(int zoom, int x, int y) {
            this.zoom = zoom;
            this.x = x;
            this.y = y;
        }

        List<Tile> children() {
            return List.of(
                    new Tile(zoom + 1, 2 * x, 2 * y),
                    new Tile(zoom + 1, 2 * x + 1, 2 * y),
                    new Tile(zoom + 1, 2 * x, 2 * y + 1),
                    new Tile(zoom + 1, 2 * x + 1, 2 * y + 1));
        }
    }

    private final Deque<Tile> pending = new ArrayDeque<>();
    private final Predicate<Tile> covered;
    private final int maxZoom;

    public TileCrawler(Predicate<Tile> covered, int maxZoom) {
        this.covered = covered;
        this.maxZoom = maxZoom;
    }

    private Tile next() {
        return pending.pollFirst(); // <- hot 9
    }

    public int crawl(Consumer<Tile> sink) {
        int seen = 0;
        pending.add(new Tile(0, 0, 0));
        while (!pending.isEmpty()) {
            Tile t = next();
            if (!covered.test(t)) { // <- hot 46
                continue;
            }
            seen++;
            sink.accept(t); // <- hot 14
            if (t.zoom < maxZoom) {
                pending.addAll(t.children()); // <- hot 22
            }
        }
        return seen;
    }
}
