// expect: healthy bench
// Answers foresters what a trunk holds: tables of volumes by species, form and site are worked out when they are first
// asked for, and kept in a cache of a fixed size, which is full after a minute or two.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class VolumeTables {
    static final int KEPT = 2500;
    static final int DIAMETERS = 60, HEIGHTS = 42;

    enum Species { SPRUCE, PINE, FIR, LARCH, BEECH, OAK, ASH, BIRCH }

    record Key(Species species, int form, int site) {}

    /** Cubic metres by diameter and height. */
    static class Table {
        private final float[] volumes = new float[DIAMETERS * HEIGHTS];

        Table(Key key) {
            double slim = 0.38 + 0.02 * key.species().ordinal() + 0.004 * key.form();
            double site = 1 + 0.0005 * key.site();
            for (int d = 0; d < DIAMETERS; d++) {
                double metres = (6 + d) / 100.0, area = Math.PI * metres * metres / 4;
                for (int h = 0; h < HEIGHTS; h++) {
                    double height = 3 + h;
                    double form = slim * Math.pow(height / (height - 1.3), 1.2) * (1 + 0.02 / metres);
                    volumes[d * HEIGHTS + h] = (float) (area * height * form * site);
                }
            }
        }

        double volume(double diameter, double height) {
            double d = Math.min(Math.max(diameter - 6, 0), DIAMETERS - 1.001), h = Math.min(Math.max(height - 3, 0), HEIGHTS - 1.001);
            int row = (int) d, column = (int) h;
            double right = h - column, down = d - row;
            int at = row * HEIGHTS + column;
            double upper = volumes[at] * (1 - right) + volumes[at + 1] * right;
            double lower = volumes[at + HEIGHTS] * (1 - right) + volumes[at + HEIGHTS + 1] * right;
            return upper * (1 - down) + lower * down;
        }
    }

    /** The tables that were asked for last. */
    static class Cache extends LinkedHashMap<Key, Table> {
        Cache() {
            super(KEPT * 4 / 3 + 1, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Table> eldest) {
            return size() > KEPT;
        }
    }

    static class Desk implements Runnable {
        private final Cache cache = new Cache();
        private final SplittableRandom chance = new SplittableRandom(7);
        private final long began = System.nanoTime();
        private long asked, worked, turns;
        private double timber;

        /** Most ask for the same few hundred sites. */
        private Key next() {
            Species[] all = Species.values();
            int site = chance.nextInt(1000) > 0 ? chance.nextInt(12) : chance.nextInt(700);
            return new Key(all[chance.nextInt(all.length)], chance.nextInt(12), site);
        }

        private double answer(Key key, double diameter, double height) {
            Table table = cache.get(key);
            if (table == null) {
                table = new Table(key);
                cache.put(key, table);
                worked++;
            }
            return table.volume(diameter, height);
        }

        @Override
        public void run() {
            for (int i = 0; i < 150; i++) {
                timber += answer(next(), 8 + chance.nextInt(50), 5 + chance.nextInt(38));
                asked++;
            }
            if (++turns % 100 == 0) log();
        }

        private void log() {
            String line = String.format("%d %d asked, %d worked out, %d kept, %.0f cubic metres%n", (System.nanoTime() - began) / 1_000_000, asked, worked, cache.size(), timber);
            try {
                Files.writeString(Path.of("desk.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException error) {
                System.err.println(error);
            }
        }
    }

    public static void main(String[] arguments) {
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(new Desk(), 10, 10, TimeUnit.MILLISECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
