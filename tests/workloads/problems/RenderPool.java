// expect: pattern=pool-oversized bench
// Renders tiles of a fractal in a pool of fifty threads, and keeps the brightest of each.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class RenderPool {
    static int brightness(double x, double y) {
        double a = 0, b = 0;
        int steps = 0;
        while (steps < 400 && a * a + b * b < 4) { // <- cost
            double next = a * a - b * b + x; // <- cost
            b = 2 * a * b + y; // <- cost
            a = next; // <- cost
            steps++; // <- cost
        } // <- cost
        return steps;
    }

    static int tile(int number) {
        int best = 0;
        for (int round = 0; round < 40; round++)
            for (int i = 0; i < 4096; i++)
                best = Math.max(best, brightness(-0.7 + (i % 64) * 1e-4, number * 1e-3 + (i / 64) * 1e-4));
        return best;
    }

    public static void main(String[] arguments) throws Exception {
        int workers = 50;
        ExecutorService pool = Executors.newFixedThreadPool(workers); // <- cost
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            List<Future<Integer>> tiles = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                int number = i;
                tiles.add(pool.submit(() -> tile(number)));
            }
            for (Future<Integer> tile : tiles) tile.get();
        }
    }
}
