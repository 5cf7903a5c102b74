// expect: healthy bench
// Writes knitting books for fishermen's ganseys: a knitter names a yoke pattern, the workshop grades it over all sizes
// and writes one instruction for every needle of every round, in the words of the knitter's region, as one printable
// text.
//
// Measured: both write 50 books of 4272 lines in 10 s; CPU 4.0 s of 13 s, in the twin 0.4 s.
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;

public class GansyPatterns {
    interface Motif {
        int width();

        String stitches(int round);
    }

    record Ladder(int width) implements Motif {
        public String stitches(int round) {
            return round % 6 < 2 ? "p" + width : "k" + width;
        }
    }

    record Rope(int width, int turn) implements Motif {
        public String stitches(int round) {
            return round % turn == turn - 1 ? "p2, c" + width + "f, p2" : "p2, k" + width + ", p2";
        }
    }

    record Diamond(int width) implements Motif {
        public String stitches(int round) {
            int half = width / 2;
            int from = Math.abs(round % width - half);
            return from == half ? "k" + width : "k" + from + ", p" + (width - 2 * from) + ", k" + from;
        }
    }

    record Yoke(String name, List<Motif> motifs, int rounds) {
        int width() {
            return motifs.stream().mapToInt(Motif::width).sum();
        }
    }

    record Size(int chest, int needles) {
        int repeats(Yoke yoke) {
            return Math.max(1, chest * 3 / yoke.width() / needles);
        }
    }

    /** The text of a book, as it is written from front to back. */
    static class Booklet {
        private final StringBuilder text = new StringBuilder(1 << 16);
        private int lines;

        Booklet line(String line) {
            text.append(line).append('\n');
            lines++;
            return this;
        }

        Booklet heading(String title) {
            return line("").line(title).line("=".repeat(title.length()));
        }

        int lines() {
            return lines;
        }

        String finished() {
            return text.toString();
        }
    }

    interface Chapter {
        void write(Yoke yoke, Size size, Booklet into);
    }

    static class CastOn implements Chapter {
        public void write(Yoke yoke, Size size, Booklet into) {
            into.heading(yoke.name() + ", chest " + size.chest() + " cm");
            int stitches = size.repeats(yoke) * yoke.width() * size.needles();
            into.line("Cast on " + stitches + " stitches, join, 2 plain rounds.");
        }
    }

    static class Body implements Chapter {
        private final Map<String, String> words;

        Body(Map<String, String> words) {
            this.words = words;
        }

        public void write(Yoke yoke, Size size, Booklet into) {
            for (int round = 0; round < yoke.rounds(); round++) {
                String repeat = repeat(yoke, round);
                for (int needle = 1; needle <= size.needles(); needle++) {
                    into.line(instruction(round, needle, repeat, size.repeats(yoke)));
                }
            }
        }

        private String repeat(Yoke yoke, int round) {
            List<String> parts = new ArrayList<>(yoke.motifs().size());
            for (Motif motif : yoke.motifs()) {
                parts.add(motif.stitches(round));
            }
            return String.join(", ", parts);
        }

        private String instruction(int round, int needle, String repeat, int times) {
            StringBuilder line = new StringBuilder(repeat.length() + 48);
            line.append(words.get("round")).append(' ').append(round + 1).append(", ");
            line.append(words.get("needle")).append(' ').append(needle).append(": *");
            return line.append(repeat).append("* ").append(times).append(' ').append(words.get("times")).toString();
        }
    }

    static class Workshop implements Runnable {
        private static final List<Size> SIZES = sizes();
        private final BlockingQueue<Yoke> asked;
        private final List<Chapter> chapters;
        final AtomicLong books = new AtomicLong();
        final AtomicLong lines = new AtomicLong();
        volatile long seal;

        Workshop(BlockingQueue<Yoke> asked, Map<String, String> words) {
            this.asked = asked;
            this.chapters = List.of(new CastOn(), new Body(words));
        }

        private static List<Size> sizes() {
            List<Size> all = new ArrayList<>();
            for (int chest = 72; chest <= 128; chest += 7) {
                all.add(new Size(chest, chest < 100 ? 4 : 5));
            }
            return List.copyOf(all);
        }

        private Booklet book(Yoke yoke) {
            Booklet booklet = new Booklet();
            for (Size size : SIZES) {
                for (Chapter chapter : chapters) {
                    chapter.write(yoke, size, booklet);
                }
            }
            return booklet;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    Booklet booklet = book(asked.take());
                    CRC32 crc = new CRC32();
                    crc.update(booklet.finished().getBytes(StandardCharsets.ISO_8859_1));
                    seal = crc.getValue();
                    books.incrementAndGet();
                    lines.addAndGet(booklet.lines());
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }
    }

    public static void main(String[] arguments) {
        Yoke[] yokes = {
            new Yoke("Eriskay star", List.of(new Ladder(5), new Diamond(13), new Rope(6, 7)), 108),
            new Yoke("Betty Martin", List.of(new Rope(4, 5), new Ladder(4), new Ladder(3), new Diamond(11)), 98),
            new Yoke("Marriage lines", List.of(new Diamond(9), new Rope(6, 9), new Diamond(15)), 104),
        };
        BlockingQueue<Yoke> asked = new ArrayBlockingQueue<>(16);
        Map<String, String> words = Map.of("round", "Rnd", "needle", "wire", "times", "times over");
        Workshop workshop = new Workshop(asked, words);
        new Thread(workshop, "workshop").start();
        ScheduledExecutorService knitters = Executors.newSingleThreadScheduledExecutor();
        AtomicLong turn = new AtomicLong();
        knitters.scheduleAtFixedRate(
                () -> asked.offer(yokes[(int) (turn.getAndIncrement() % yokes.length)]),
                100, 200, TimeUnit.MILLISECONDS);
        knitters.scheduleAtFixedRate(
                () -> System.err.println(workshop.books + " books, " + workshop.lines + " lines, " + workshop.seal),
                10, 10, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
