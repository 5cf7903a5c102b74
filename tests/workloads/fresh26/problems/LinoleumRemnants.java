// expect: pattern=sync-write bench
// Goods receipt of a dealer in linoleum remnants: the mills announce deliveries, each with a note of some hundred rolls; each
// roll is put on stock and into the journal, from which the stock is made again after a crash, and the note is
// acknowledged to the mill when it is safe.
// Measured: a note of 400 rolls takes 74 to 156 ms, in the twin 4 to 12 ms (first seconds
// included); 0.1 and 0.0 cores.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class LinoleumRemnants {
    static final int ROLLS = 400;
    static final int PERIOD_MILLIS = 300;

    record Roll(String design, int widthCm, int lengthCm, long cents) {}

    record Note(int number, String mill, List<Roll> rolls) {}

    /** The journal of stock movements. */
    static class Journal implements AutoCloseable {
        private final FileChannel file;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);

        Journal(Path path) throws IOException {
            file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        }

        void append(String kind, int note, Roll roll) throws IOException {
            String line =
                    kind + ";" + note + ";" + roll.design() + ";" + roll.widthCm() + ";" + roll.lengthCm() + ";" + roll.cents() + "\n";
            byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
            if (buffer.remaining() < bytes.length) {
                write();
            }
            buffer.put(bytes);
        }

        void commit() throws IOException {
            write();
            file.force(false); // <- cost
        }

        private void write() throws IOException {
            buffer.flip();
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
            buffer.clear();
        }

        @Override
        public void close() throws IOException {
            commit();
            file.close();
        }
    }

    /** Square metres and value of each design. */
    static class Stock {
        private final Map<String, long[]> designs = new HashMap<>();

        void add(Roll roll) {
            long[] sums = designs.computeIfAbsent(roll.design(), design -> new long[3]);
            sums[0]++;
            sums[1] += (long) roll.widthCm() * roll.lengthCm();
            sums[2] += roll.cents();
        }

        double squareMetres() {
            return designs.values().stream().mapToLong(sums -> sums[1]).sum() / 10_000.0;
        }
    }

    static class Receipt {
        private final Journal journal;
        private final Stock stock = new Stock();
        private final Map<String, Integer> acknowledged = new HashMap<>();
        private long nanos;
        private int notes;

        Receipt(Journal journal) {
            this.journal = journal;
        }

        void take(Note note) throws IOException {
            long begun = System.nanoTime();
            for (Roll roll : note.rolls()) { // <- cost
                if (roll.widthCm() <= 0 || roll.lengthCm() <= 0) {
                    continue;
                }
                stock.add(roll);
                journal.append("IN", note.number(), roll);
                journal.commit(); // <- cost
            }
            acknowledged.put(note.mill(), note.number());
            nanos += System.nanoTime() - begun;
            notes++;
        }

        String state() {
            return String.format(
                    "%d notes, %.1f ms each, %.0f square metres on stock", notes, nanos / 1e6 / notes, stock.squareMetres());
        }
    }

    /** The mills' announcements. */
    static class Mills {
        private final Random chance = new Random(23);
        private int number = 70_000;

        Note next() {
            List<Roll> rolls = new ArrayList<>(ROLLS);
            for (int i = 0; i < ROLLS; i++) {
                int width = i % 97 == 96 ? 0 : 150 + 50 * chance.nextInt(2);
                rolls.add(new Roll("D" + chance.nextInt(400), width, 80 + chance.nextInt(900), 500 + chance.nextInt(30_000)));
            }
            return new Note(number++, "mill " + chance.nextInt(12), rolls);
        }
    }

    public static void main(String[] args) throws Exception {
        BlockingQueue<Note> announced = new ArrayBlockingQueue<>(20);
        Mills mills = new Mills();
        ScheduledExecutorService link = Executors.newSingleThreadScheduledExecutor();
        link.scheduleAtFixedRate(() -> announced.offer(mills.next()), 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);

        try (Journal journal = new Journal(Path.of("stock.journal"))) {
            Receipt receipt = new Receipt(journal);
            long begun = System.nanoTime();
            boolean told = false;
            while (true) {
                receipt.take(announced.take());
                if (!told && System.nanoTime() - begun > 3_000_000_000L) {
                    System.err.println(receipt.state());
                    System.out.println("ready " + ProcessHandle.current().pid());
                    System.out.flush();
                    told = true;
                }
            }
        }
    }
}
