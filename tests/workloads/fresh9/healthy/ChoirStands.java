// expect: healthy bench
// Where the singers of a choir stand at a concert: voices must be together, tall ones behind, friends apart who
// chatter. Seatings are tried by swaps that are kept if they are better; the best goes to the notice board.
// Measured: 95 ns a swap, in rounds of 31 ms with pauses of 25 between them; nothing is made on the way.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

public class ChoirStands {
    private static final int ROWS = 6;
    private static final int PLACES = 16;
    private static final int SINGERS = ROWS * PLACES;
    private static final String[] VOICES = {"soprano", "alto", "tenor", "bass"};

    /** The singers, by number. */
    static final class Choir {
        final int[] voice = new int[SINGERS];
        final int[] height = new int[SINGERS];
        final int[] chattersWith = new int[SINGERS];

        Choir(long seed) {
            Random chance = new Random(seed);
            for (int singer = 0; singer < SINGERS; singer++) {
                voice[singer] = singer * VOICES.length / SINGERS;
                height[singer] = 155 + 4 * voice[singer] + chance.nextInt(25);
                chattersWith[singer] = chance.nextInt(SINGERS);
            }
        }
    }

    /** Who stands where; it knows what it costs, and what a swap would change in that. */
    static final class Seating {
        private final Choir choir;
        private final int[] singerAt = new int[SINGERS];

        Seating(Choir choir) {
            this.choir = choir;
            for (int place = 0; place < SINGERS; place++) {
                singerAt[place] = place;
            }
        }

        private int between(int place, int other) {
            int one = singerAt[place];
            int two = singerAt[other];
            int cost = choir.voice[one] == choir.voice[two] ? 0 : 8;
            if (choir.chattersWith[one] == two || choir.chattersWith[two] == one) {
                cost += 30;
            }
            return cost;
        }

        /** What the singer at a place costs, with those around. */
        private int costAt(int place) {
            int row = place / PLACES;
            int column = place % PLACES;
            int cost = 0;
            if (column > 0) {
                cost += between(place, place - 1);
            }
            if (column < PLACES - 1) {
                cost += between(place, place + 1);
            }
            if (row > 0) {
                cost += between(place, place - PLACES);
                cost += Math.max(0, choir.height[singerAt[place - PLACES]] - choir.height[singerAt[place]]);
            }
            if (row < ROWS - 1) {
                cost += between(place, place + PLACES);
                cost += Math.max(0, choir.height[singerAt[place]] - choir.height[singerAt[place + PLACES]]);
            }
            return cost;
        }

        private void swap(int place, int other) {
            int singer = singerAt[place];
            singerAt[place] = singerAt[other];
            singerAt[other] = singer;
        }

        /** Swap two if that is better, or not much worse while it is warm. */
        boolean attempt(int place, int other, double allowed) {
            int before = costAt(place) + costAt(other);
            swap(place, other);
            if (costAt(place) + costAt(other) <= before + allowed) {
                return true;
            }
            swap(place, other);
            return false;
        }

        int cost() {
            int sum = 0;
            for (int place = 0; place < SINGERS; place++) {
                sum += costAt(place);
            }
            return sum / 2;
        }

        String plan() {
            StringBuilder text = new StringBuilder();
            for (int place = 0; place < SINGERS; place++) {
                int singer = singerAt[place];
                text.append(VOICES[choir.voice[singer]].charAt(0)).append(singer);
                text.append(place % PLACES == PLACES - 1 ? '\n' : ' ');
            }
            return text.toString();
        }
    }

    /** Writes the plans that are better than the last ones. */
    static final class Board implements Runnable {
        private final BlockingQueue<String> plans = new ArrayBlockingQueue<>(4);
        private final Deque<Integer> lengths = new ArrayDeque<>();

        void pin(String plan) throws InterruptedException {
            plans.put(plan);
        }

        @Override
        public void run() {
            try {
                while (true) {
                    String plan = plans.take();
                    lengths.addLast(plan.length());
                    if (lengths.size() > 50) {
                        lengths.removeFirst();
                    }
                    Files.writeString(Path.of("stands.txt"), plan);
                }
            } catch (InterruptedException | java.io.IOException over) {
                System.err.println(over);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Board board = new Board();
        Thread writer = new Thread(board, "board");
        writer.setDaemon(true);
        writer.start();
        System.out.println("ready " + ProcessHandle.current().pid());
        Random chance = new Random(8);
        for (long concert = 1; ; concert++) {
            Seating seating = new Seating(new Choir(concert));
            long swaps = 0;
            long spent = 0;
            for (double warmth = 40; warmth > 0.3; warmth *= 0.94) {
                long began = System.nanoTime();
                for (int attempt = 0; attempt < 330_000; attempt++) {
                    double allowed = chance.nextInt(100) * warmth / 400;
                    seating.attempt(chance.nextInt(SINGERS), chance.nextInt(SINGERS), allowed);
                }
                swaps += 330_000;
                spent += System.nanoTime() - began;
                Thread.sleep(25);
            }
            String head = "concert " + concert + ", cost " + seating.cost() + ", " + spent / swaps + " ns a swap\n";
            board.pin(head + seating.plan());
        }
    }
}
