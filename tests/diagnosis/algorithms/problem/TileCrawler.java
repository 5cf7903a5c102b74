package org.mapworks.tiles;

import java.util.ArrayList;
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

    private final List<Tile> pending = new ArrayList<>();
    private final Predicate<Tile> covered;
    private final int maxZoom;

    public TileCrawler(Predicate<Tile> covered, int maxZoom) {
        this.covered = covered;
        this.maxZoom = maxZoom;
    }

    private Tile next() {
        return pending.remove(0); // <- cost hot 87
    }

    public int crawl(Consumer<Tile> sink) {
        int seen = 0;
        pending.add(new Tile(0, 0, 0));
        while (!pending.isEmpty()) {
            Tile t = next();
            if (!covered.test(t)) { // <- hot 6
                continue;
            }
            seen++;
            sink.accept(t);
            if (t.zoom < maxZoom) {
                pending.addAll(t.children());
            }
        }
        return seen;
    }
}
