// expect: healthy bench
// Serves the recipes of a cooking site: a recipe is scaled to the number of guests and laid out once, and is then kept
// among the most recently asked, up to a bound. Readers ask for the favourites far more often than for the rest.
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32;

public class DishCache {
    static final int RECIPES = 40_000;
    static final int BOUND = 12_000;
    static final int READERS = 2;
    static final int PAGES_PER_TURN = 40;

    record Part(String name, double grams) {}

    record Recipe(int number, String title, List<Part> parts, int minutes) {}

    record Dish(int recipe, int guests) {}

    /** Recipes by number; they are short, and follow from the number. */
    static class Book {
        private static final String[] NAMES = {"flour", "butter", "lentils", "onions", "milk", "rice", "leek", "salt"};

        Recipe find(int number) {
            if (number < 0 || number >= RECIPES) throw new IllegalArgumentException("no recipe " + number);
            List<Part> parts = new ArrayList<>();
            for (int at = 0; at < 4 + number % 5; at++) {
                parts.add(new Part(NAMES[(number + at * 3) % NAMES.length], 20 + (number * 31 + at * 17) % 400));
            }
            return new Recipe(number, "dish " + number, parts, 10 + number % 110);
        }
    }

    /** The pages most recently asked for. */
    static class Pages {
        private final Map<Dish, byte[]> pages =
                new LinkedHashMap<>(BOUND * 2, 0.75f, true) {
                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Dish, byte[]> eldest) {
                        return size() > BOUND;
                    }
                };

        synchronized byte[] get(Dish dish) {
            return pages.get(dish);
        }

        synchronized void put(Dish dish, byte[] page) {
            pages.put(dish, page);
        }

        synchronized int size() {
            return pages.size();
        }
    }

    static class Site {
        private final Book book = new Book();
        private final Pages pages = new Pages();
        final LongAdder asked = new LongAdder();
        final LongAdder made = new LongAdder();

        byte[] page(Dish dish) {
            asked.increment();
            byte[] known = pages.get(dish);
            if (known != null) return known;
            byte[] page = layOut(book.find(dish.recipe()), dish.guests());
            pages.put(dish, page);
            made.increment();
            return page;
        }

        private byte[] layOut(Recipe recipe, int guests) {
            StringBuilder text = new StringBuilder(1024);
            text.append("<h1>").append(recipe.title()).append("</h1><p>for ").append(guests).append(" guests, ");
            text.append(recipe.minutes()).append(" minutes</p><ul>");
            for (Part part : recipe.parts()) {
                long grams = Math.round(part.grams() * guests / 4);
                text.append("<li>").append(grams).append(" g of ").append(part.name()).append("</li>");
            }
            text.append("</ul>");
            for (int step = 1; step <= 6; step++) {
                text.append("<p>").append(step).append(". Stir for ").append(step * guests).append(" minutes.</p>");
            }
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Some readers, who come in small groups; most of them want what everybody wants. */
    static class Readers implements Runnable {
        private final Site site;
        private final Random chance;
        private final CRC32 sum = new CRC32();

        Readers(Site site, int number) {
            this.site = site;
            chance = new Random(number);
        }

        @Override
        public void run() {
            for (int n = 0; n < PAGES_PER_TURN; n++) {
                double rare = Math.pow(chance.nextDouble(), 12);
                Dish dish = new Dish((int) (rare * RECIPES), 2 + chance.nextInt(4) * 2);
                sum.update(site.page(dish));
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Site site = new Site();
        ScheduledExecutorService turns = Executors.newScheduledThreadPool(READERS);
        for (int number = 0; number < READERS; number++) {
            turns.scheduleAtFixedRate(new Readers(site, number), number * 5L, 10, TimeUnit.MILLISECONDS);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        long began = System.nanoTime();
        try (PrintWriter log = new PrintWriter("dishes.log", StandardCharsets.UTF_8)) {
            while (true) {
                Thread.sleep(1000);
                long passed = (System.nanoTime() - began) / 1_000_000;
                double hits = 100.0 - 100.0 * site.made.sum() / Math.max(1, site.asked.sum());
                long asked = site.asked.sum();
                log.printf(Locale.ROOT, "%d %d asked, %.1f %% known, %d kept%n", passed, asked, hits, site.pages.size());
                log.flush();
            }
        }
    }
}
