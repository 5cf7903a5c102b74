// expect: healthy bench
// Plans a marshalling yard: for each train that comes it tries the tracks and takes the one with the least shunting.
// Measured: 11,900 trains for a second of CPU; 2,350 in the twin that has the problem.
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class YardPlanner {
    static final int TRACKS = 64;
    static final int PARTS = 4;
    static final int CAPACITY = 48;

    record Train(int number, int[] destinations) {}

    record Choice(int track, int moves) {
        Choice better(Choice other) {
            return other == null || moves < other.moves || moves == other.moves && track < other.track ? this : other;
        }
    }

    /** The wagons on a track, by destination, as they stand. */
    static class Track {
        final int[] wagons = new int[CAPACITY];
        int length;

        /** How often the engine must move if the train is put behind what stands here. */
        int moves(int[] train) {
            int moves = 0, last = length == 0 ? -1 : wagons[length - 1];
            for (int wagon : train) {
                if (wagon != last) moves += 2;
                for (int at = length - 1; at >= 0 && wagons[at] != wagon; at--) moves++;
                last = wagon;
            }
            return moves + Math.max(0, length + train.length - CAPACITY) * 10;
        }

        void take(int[] train) {
            if (length + train.length > CAPACITY) length = 0; // it leaves
            int taken = Math.min(train.length, CAPACITY - length);
            System.arraycopy(train, 0, wagons, length, taken);
            length += taken;
        }
    }

    private final ExecutorService searchers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    private final Track[] tracks = new Track[TRACKS];
    private long planned, moves;

    YardPlanner() {
        Arrays.setAll(tracks, n -> new Track());
    }

    private Choice best(Train train, int from, int to) {
        Choice best = null;
        for (int track = from; track < to; track++) {
            best = new Choice(track, tracks[track].moves(train.destinations())).better(best);
        }
        return best;
    }

    /** What the parts say, in their order. */
    private List<Future<Choice>> ask(List<Callable<Choice>> parts) throws InterruptedException {
        List<Future<Choice>> asked = new ArrayList<>();
        for (Callable<Choice> part : parts) asked.add(searchers.submit(part));
        return asked;
    }

    Choice plan(Train train) throws InterruptedException, ExecutionException {
        List<Callable<Choice>> parts = new ArrayList<>();
        for (int part = 0; part < PARTS; part++) {
            int from = part * TRACKS / PARTS, to = (part + 1) * TRACKS / PARTS;
            parts.add(() -> best(train, from, to));
        }
        Choice best = null;
        for (Future<Choice> one : ask(parts)) best = one.get().better(best);
        tracks[best.track()].take(train.destinations());
        planned++;
        moves += best.moves();
        return best;
    }

    static Train train(int number) {
        int[] destinations = new int[30 + number % 15];
        for (int n = 0; n < destinations.length; n++) destinations[n] = (number * 31 + n * n) % 37;
        if (number % 3 == 0) Arrays.sort(destinations);
        return new Train(number, destinations);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        YardPlanner yard = new YardPlanner();
        int[] used = new int[TRACKS];
        try (PrintWriter log = new PrintWriter(Files.newBufferedWriter(Path.of("yard.log")), true)) {
            System.out.println("ready " + ProcessHandle.current().pid());
            long began = System.nanoTime(), told = began;
            for (int number = 0;; number = (number + 1) % 1_000_000) {
                used[yard.plan(train(number)).track()]++;
                long now = System.nanoTime();
                if (now - told < 1_000_000_000L) continue;
                told = now;
                log.printf("%.0f trains a second, %.1f moves each, track 1 was used %d times%n",
                    yard.planned * 1e9 / (now - began), yard.moves / (double) yard.planned, used[0]);
            }
        }
    }
}
