// expect: healthy bench
// Identifies the stars on old photographic plates: the marks that a scanner found are matched with a catalogue, of which the
// tiles last used are kept in a bounded cache (full after the first second, filled before ready); two threads, started once,
// take plates from a bounded queue. A near miss of a cache that grows, and of a search through all stars for each mark.
// Measured: half a core, almost all in the search of 3 by 3 cells; the cache stays at 900 tiles (19 MB by reckoning).

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

public class PlateStars {
    private static final int TILES = 1024;
    private static final int STARS = 1600;

    /** The stars of one tile, in flat arrays, in a grid of cells so that a neighbour is found in a few of them. */
    static final class Tile {
        private static final int CELLS = 20;
        private final float[] x = new float[STARS];
        private final float[] y = new float[STARS];
        private final float[] magnitude = new float[STARS];
        private final int[] begin = new int[CELLS * CELLS + 1];

        Tile(int number) {
            SplittableRandom sky = new SplittableRandom(number);
            int[] cell = new int[STARS];
            float[][] raw = new float[3][STARS];
            for (int i = 0; i < STARS; i++) {
                raw[0][i] = (float) sky.nextDouble();
                raw[1][i] = (float) sky.nextDouble();
                raw[2][i] = (float) (16 - 9 * Math.pow(sky.nextDouble(), 3));
                cell[i] = cellOf(raw[0][i]) * CELLS + cellOf(raw[1][i]);
                begin[cell[i] + 1]++;
            }
            for (int c = 0; c < CELLS * CELLS; c++) {
                begin[c + 1] += begin[c];
            }
            int[] next = begin.clone();
            for (int i = 0; i < STARS; i++) {
                int at = next[cell[i]]++;
                x[at] = raw[0][i];
                y[at] = raw[1][i];
                magnitude[at] = raw[2][i];
            }
        }

        private static int cellOf(float value) {
            return Math.min(CELLS - 1, Math.max(0, (int) (value * CELLS)));
        }

        int nearest(float markX, float markY) {
            int best = -1;
            float least = 0.0004f;
            for (int cx = Math.max(0, cellOf(markX) - 1); cx <= Math.min(CELLS - 1, cellOf(markX) + 1); cx++) {
                int from = begin[cx * CELLS + Math.max(0, cellOf(markY) - 1)];
                int to = begin[cx * CELLS + Math.min(CELLS - 1, cellOf(markY) + 1) + 1];
                for (int i = from; i < to; i++) {
                    float dx = x[i] - markX;
                    float dy = y[i] - markY;
                    float distance = dx * dx + dy * dy;
                    if (distance < least) {
                        least = distance;
                        best = i;
                    }
                }
            }
            return best;
        }
    }

    /** The tiles last used. */
    static final class Catalogue extends LinkedHashMap<Integer, Tile> {
        private static final int KEPT = 900;

        Catalogue() {
            super(2048, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Tile> eldest) {
            return size() > KEPT;
        }

        synchronized Tile tile(int number) {
            return computeIfAbsent(number, Tile::new);
        }
    }

    record Plate(int tile, float[] marksX, float[] marksY, float[] density) {}

    static final class Matcher implements Runnable {
        private final BlockingQueue<Plate> plates;
        private final Catalogue catalogue;
        private final AtomicLong identified;

        Matcher(BlockingQueue<Plate> plates, Catalogue catalogue, AtomicLong identified) {
            this.plates = plates;
            this.catalogue = catalogue;
            this.identified = identified;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    Plate plate = plates.take();
                    identified.addAndGet(match(plate, catalogue.tile(plate.tile())));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** How many marks are stars whose brightness fits the plate's curve, fitted by least squares. */
        private static int match(Plate plate, Tile tile) {
            int number = plate.marksX().length;
            int[] found = new int[number];
            double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
            for (int i = 0; i < number; i++) {
                found[i] = tile.nearest(plate.marksX()[i], plate.marksY()[i]);
                if (found[i] >= 0) {
                    double density = plate.density()[i];
                    double magnitude = tile.magnitude[found[i]];
                    n++;
                    sx += density;
                    sy += magnitude;
                    sxx += density * density;
                    sxy += density * magnitude;
                }
            }
            double slope = (n * sxy - sx * sy) / Math.max(1e-9, n * sxx - sx * sx);
            double level = n > 0 ? (sy - slope * sx) / n : 0;
            int good = 0;
            for (int i = 0; i < number; i++) {
                if (found[i] >= 0 && Math.abs(level + slope * plate.density()[i] - tile.magnitude[found[i]]) < 3) {
                    good++;
                }
            }
            return good;
        }
    }

    private static Plate scan(Random random) {
        int tile = random.nextInt(100) < 97 ? random.nextInt(820) : random.nextInt(TILES);
        float[][] marks = new float[3][2500];
        for (int i = 0; i < marks[0].length; i++) {
            marks[0][i] = random.nextFloat();
            marks[1][i] = random.nextFloat();
            marks[2][i] = 0.2f + 2 * random.nextFloat();
        }
        return new Plate(tile, marks[0], marks[1], marks[2]);
    }

    public static void main(String[] args) throws InterruptedException {
        Catalogue catalogue = new Catalogue();
        for (int number = 0; number < Catalogue.KEPT; number++) {
            catalogue.tile(number);
        }
        Random random = new Random(1887);
        List<Plate> shelf = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            shelf.add(scan(random));
        }
        BlockingQueue<Plate> plates = new ArrayBlockingQueue<>(32);
        AtomicLong identified = new AtomicLong();
        for (int i = 0; i < 2; i++) {
            Thread thread = new Thread(new Matcher(plates, catalogue, identified), "matcher-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        for (long number = 0; ; number++) {
            plates.put(shelf.get(random.nextInt(shelf.size())));
            if (number % 8 == 7) {
                Thread.sleep(4);
            }
            if (number % 100_000 == 0) {
                System.err.println(number + " plates, " + identified.get() + " marks identified");
            }
        }
    }
}
