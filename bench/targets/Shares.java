import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.zip.Deflater;

/** Functions whose shares of the CPU time are known: Shares MODE THREADS FILE; as shares.py beside it. */
public class Shares {
    static final int TIMES = 8, GAPS = 64, LEAST_NS = 100_000, MOST_GAPS = 63;
    static final byte[] DECK = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4};
    static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();
    static final byte[] BLOCK = new byte[1 << 18];
    static byte[] text;
    static LongBuffer slots;
    static volatile int sink;

    final byte[] into = new byte[1 << 20], squeezed = new byte[1 << 16];
    final Deflater deflater = new Deflater(5);
    final MessageDigest digest;
    final RandomAccessFile cached;

    Shares(String data) throws Exception {
        digest = MessageDigest.getInstance("SHA-256");
        cached = new RandomAccessFile(data, "rw");
        cached.setLength(into.length);
    }

    int computes() {
        int x = 1;
        for (int i = 0; i < 500_000; i++) x = x * 31 + (i ^ x >>> 3);
        return x;
    }

    int digests() {
        return digest.digest(BLOCK)[0];
    }

    int squeezes() {
        deflater.reset();
        deflater.setInput(text);
        deflater.finish();
        return deflater.deflate(squeezed);
    }

    static int tiny(int x) {
        return (x * 31 + 7) % 1_000_003;
    }

    int calls() {
        int x = 0;
        for (int i = 0; i < 100_000; i++) x = tiny(x);
        return x;
    }

    int reads() throws Exception {
        for (int i = 0; i < 5; i++) {
            cached.seek(0);
            cached.readFully(into);
        }
        return into[0];
    }

    int play(int one) throws Exception {
        switch (one) {
            case 0: return computes();
            case 1: return digests();
            case 2: return squeezes();
            case 3: return calls();
            default: return reads();
        }
    }

    static void mixed(int thread, String data) {
        try {
            Shares mine = new Shares(data);
            Random random = new Random(thread);
            byte[] deck = DECK.clone();
            int at = TIMES + 8 * thread;
            while (true) {
                // In any fixed order a regular look could meet always the same function.
                for (int i = deck.length - 1; i > 0; i--) {
                    int j = random.nextInt(i + 1);
                    byte kept = deck[i];
                    deck[i] = deck[j];
                    deck[j] = kept;
                }
                for (byte one : deck) {
                    long began = CLOCK.getCurrentThreadCpuTime();
                    sink += mine.play(one);
                    slots.put(at + one, slots.get(at + one) + CLOCK.getCurrentThreadCpuTime() - began);
                }
            }
        } catch (Exception error) {
            throw new RuntimeException(error);
        }
    }

    static int first(int x) {
        for (int i = 0; i < 5000; i++) x = x * 31 + (i ^ x >>> 3);
        return x;
    }

    static int second(int x) {
        for (int i = 0; i < 2500; i++) x = x * 31 + (i ^ x >>> 3);
        return x;
    }

    static int third(int x) {
        for (int i = 0; i < 1500; i++) x = x * 31 + (i ^ x >>> 3);
        return x;
    }

    static int fourth(int x) {
        for (int i = 0; i < 1000; i++) x = x * 31 + (i ^ x >>> 3);
        return x;
    }

    static long cost(IntUnaryOperator function) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 100; i++) {
            long began = CLOCK.getCurrentThreadCpuTime();
            for (int j = 0; j < 200; j++) sink = function.applyAsInt(sink);
            least = Math.min(least, (CLOCK.getCurrentThreadCpuTime() - began) / 200);
        }
        return least;
    }

    /** Nanoseconds that this thread was ready to run, and did not. */
    static long keptBack(RandomAccessFile scheduled, byte[] said) throws Exception {
        scheduled.seek(0);
        int length = scheduled.read(said);
        long waited = 0;
        for (int i = 0, word = 0; i < length && word < 2; i++) {
            if (said[i] == ' ') word++;
            else if (word == 1) waited = waited * 10 + said[i] - '0';
        }
        return waited;
    }

    static void turns(long[] costs, RandomAccessFile scheduled) throws Exception {
        byte[] said = new byte[64];
        long last = System.nanoTime(), waited = keptBack(scheduled, said);
        for (long turn = 1; ; turn++) {
            sink = fourth(third(second(first(sink))));
            long now = System.nanoTime(), gap = now - last;
            last = now;
            if (gap > LEAST_NS || turn % 64 == 0) {
                long was = waited;
                waited = keptBack(scheduled, said);
                gap -= waited - was;
                if (gap > LEAST_NS) {
                    int bucket = (int) Math.min(MOST_GAPS, 4 * Math.log((double) gap / LEAST_NS) / Math.log(2));
                    slots.put(GAPS + bucket, slots.get(GAPS + bucket) + 1);
                }
            }
            for (int i = 0; i < costs.length; i++) slots.put(TIMES + i, turn * costs[i]);
            slots.put(0, turn);
        }
    }

    static void deep(int callsLeft, long[] costs, RandomAccessFile scheduled) throws Exception {
        if (callsLeft > 0) deep(callsLeft - 1, costs, scheduled);
        else turns(costs, scheduled);
    }

    public static void main(String[] words) throws Exception {
        StringBuilder squares = new StringBuilder();
        for (int i = 0; i < 5000; i++) squares.append(i * i).append(' ');
        text = squares.toString().getBytes();
        try (RandomAccessFile file = new RandomAccessFile(words[2], "rw")) {
            slots = file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 1024).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        }
        RandomAccessFile scheduled = new RandomAccessFile("/proc/thread-self/schedstat", "r");
        String thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
        String ready = "ready " + ProcessHandle.current().pid() + " " + thread;
        if (words[0].equals("mixed")) {
            Shares warm = new Shares(words[2] + ".data");
            for (int i = 0; i < 1000; i++) sink += warm.play(i % 5); // a digest takes a second before it is compiled
            for (int i = 1; i < Integer.parseInt(words[1]); i++) {
                int number = i;
                Thread other = new Thread(() -> mixed(number, words[2] + ".data"), "mixed-" + number);
                other.setDaemon(true);
                other.start();
            }
            System.out.println(ready);
            mixed(0, words[2] + ".data");
        }
        long[] costs = {cost(Shares::first), cost(Shares::second), cost(Shares::third), cost(Shares::fourth)};
        System.out.println(ready);
        deep(20, costs, scheduled);
    }
}
