// expect: healthy bench
// Finds ways through a grid of streets, and keeps the last ones that were asked for; two workers take from one queue.
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

public class RouteCache {
    static final int SIDE = 96;
    static final int KEPT = 500;
    static final AtomicLong answered = new AtomicLong();

    record Question(int from, int to) {
    }

    static final Map<Question, Integer> known = new LinkedHashMap<>(1024, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Integer> eldest) {
            return size() > KEPT;
        }
    };

    /** Breadth first, in arrays that the worker uses again and again. */
    static class Finder {
        private final int[] distance = new int[SIDE * SIDE];
        private final int[] queue = new int[SIDE * SIDE];

        int steps(int from, int to) {
            Arrays.fill(distance, -1);
            distance[from] = 0;
            queue[0] = from;
            for (int head = 0, tail = 1; head < tail; head++) {
                int at = queue[head];
                if (at == to) return distance[at];
                for (int way = 0; way < 4; way++) {
                    int x = at % SIDE + (way == 0 ? 1 : way == 1 ? -1 : 0);
                    int y = at / SIDE + (way == 2 ? 1 : way == 3 ? -1 : 0);
                    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE || (x * 7 + y * 13) % 11 == 0) continue;
                    int next = y * SIDE + x;
                    if (distance[next] < 0) {
                        distance[next] = distance[at] + 1;
                        queue[tail++] = next;
                    }
                }
            }
            return -1;
        }
    }

    static void answer(BlockingQueue<Question> questions) {
        Finder finder = new Finder();
        try {
            while (true) {
                Question question = questions.take();
                Integer steps;
                synchronized (known) {
                    steps = known.get(question);
                }
                if (steps == null) {
                    steps = finder.steps(question.from(), question.to());
                    synchronized (known) {
                        known.put(question, steps);
                    }
                }
                answered.incrementAndGet();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws Exception {
        BlockingQueue<Question> questions = new ArrayBlockingQueue<>(64);
        for (int worker = 0; worker < 2; worker++) new Thread(() -> answer(questions), "finder-" + worker).start();
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime();
        long told = began;
        for (int number = 0; ; number++) {
            for (int i = 0; i < 40; i++) {
                int mix = (number * 40 + i) * 48271;
                questions.put(new Question(Math.floorMod(mix, SIDE * SIDE), Math.floorMod(mix >> 7, SIDE * SIDE)));
            }
            Thread.sleep(40);
            if (System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                String line = (told - began) / 1_000_000 + " " + answered + " ways found\n";
                Files.writeString(Path.of("routes.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        }
    }
}
