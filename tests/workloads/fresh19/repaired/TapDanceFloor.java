// bench: repaired twin of TapDanceFloor.java
// Judges' computer of a tap dance contest: the controller of four floors of 96 pressure tiles hands
// over its frames by a named pipe for each floor; steps are found in them, and each second a line about tempo, weight
// and evenness of each dancer is written.
// Measured: 200 reads a second, 0.014 of a core (470000 and 0.39 before).
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

public class TapDanceFloor {
    static final int FLOORS = 4;
    static final int TILES = 96;
    static final int FRAMES_A_SECOND = 600;
    static final int BATCH = 12; // the controller hands over some frames at a time
    static final int MAGIC = 0x7A9F1008;
    static final int FRAME_BYTES = 4 + 8 + 2 + 2 * TILES;

    /** What one dancer did in the current second. */
    static final class Dancer {
        private final int[] floor = new int[TILES];
        private final boolean[] down = new boolean[TILES];
        private int steps;
        private long weight;
        private long lastStep;
        private double gapSum;
        private double gapSquares;

        void frame(long micros, int[] pressures) {
            for (int tile = 0; tile < TILES; tile++) {
                int base = floor[tile] += (pressures[tile] - floor[tile]) >> 6;
                boolean pressed = pressures[tile] > base + (down[tile] ? 300 : 600);
                if (pressed && !down[tile]) {
                    step(micros, pressures[tile] - base);
                }
                down[tile] = pressed;
            }
        }

        private synchronized void step(long micros, int force) {
            double gap = (micros - lastStep) / 1000.0;
            lastStep = micros;
            steps++;
            weight += force;
            gapSum += gap;
            gapSquares += gap * gap;
        }

        synchronized String summary(int floorNumber) {
            if (steps == 0) {
                return "floor " + floorNumber + " rests\n";
            }
            double mean = gapSum / steps;
            double spread = Math.sqrt(Math.max(0, gapSquares / steps - mean * mean));
            String line = String.format(Locale.ROOT, "floor %d steps %d weight %d gap %.1f ms spread %.1f ms%n",
                    floorNumber, steps, weight / steps, mean, spread);
            steps = 0;
            weight = 0;
            gapSum = gapSquares = 0;
            return line;
        }
    }

    /** Takes the frames of one floor. */
    static final class FloorReader implements Runnable {
        private final Path pipe;
        private final Dancer dancer;
        private final int[] pressures = new int[TILES];
        private volatile int lastSequence = -1;
        volatile int missing;

        FloorReader(Path pipe, Dancer dancer) {
            this.pipe = pipe;
            this.dancer = dancer;
        }

        @Override
        public void run() {
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(pipe.toFile())))) {
                while (true) {
                    readFrame(in);
                }
            } catch (EOFException end) {
                // the floor was switched off
            } catch (IOException broken) {
                System.err.println("floor lost: " + broken);
            }
        }

        private void readFrame(DataInputStream in) throws IOException {
            if (in.readInt() != MAGIC) {
                throw new IOException("out of step");
            }
            long micros = in.readLong();
            int sequence = in.readUnsignedShort();
            if (lastSequence >= 0 && sequence != ((lastSequence + 1) & 0xFFFF)) {
                missing++;
            }
            lastSequence = sequence;
            for (int tile = 0; tile < TILES; tile++) {
                pressures[tile] = in.readUnsignedShort();
            }
            dancer.frame(micros, pressures);
        }
    }

    /** The floors' controller, in a process of its own. */
    static void floors() throws IOException {
        Random dice = new Random(5);
        List<OutputStream> links = new ArrayList<>();
        for (int i = 0; i < FLOORS; i++) {
            links.add(new FileOutputStream("floor" + i));
        }
        ByteBuffer frames = ByteBuffer.allocate(FRAME_BYTES * BATCH);
        long due = System.nanoTime();
        for (int first = 0;; first += BATCH) {
            for (int floor = 0; floor < FLOORS; floor++) {
                frames.clear();
                for (int sequence = first; sequence < first + BATCH; sequence++) {
                    frames.putInt(MAGIC).putLong(sequence * 1_000_000L / FRAMES_A_SECOND).putShort((short) sequence);
                    int foot = (sequence / (60 + floor)) * 7 % TILES;
                    boolean touching = sequence % (60 + floor) < 24;
                    for (int tile = 0; tile < TILES; tile++) {
                        int noise = 100 + (dice.nextInt() >>> 27);
                        frames.putShort((short) (touching && tile == foot ? 2000 + noise : noise));
                    }
                }
                links.get(floor).write(frames.array());
            }
            due = Math.max(due + 1_000_000_000L * BATCH / FRAMES_A_SECOND, System.nanoTime() - 100_000_000L);
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    static void startFloors() throws IOException, InterruptedException {
        String java = System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
        new ProcessBuilder("/bin/sh", "-c", "mkfifo floor0 floor1 floor2 floor3;"
                + " \"$0\" -Xmx24m -XX:TieredStopAtLevel=1 -cp \"$1\" TapDanceFloor floors"
                + " </dev/null >/dev/null 2>&1 &", java, System.getProperty("java.class.path"))
                .start().waitFor();
    }

    public static void main(String[] words) throws Exception {
        if (words.length > 0 && words[0].equals("floors")) {
            floors();
            return;
        }
        List<Dancer> dancers = new ArrayList<>();
        List<FloorReader> readers = new ArrayList<>();
        startFloors();
        for (int i = 0; i < FLOORS; i++) {
            Dancer dancer = new Dancer();
            dancers.add(dancer);
            FloorReader reader = new FloorReader(Path.of("floor" + i), dancer);
            readers.add(reader);
            new Thread(reader, "floor-" + i).start();
        }
        while (readers.get(FLOORS - 1).lastSequence < 0) {
            Thread.sleep(100);
        }
        System.out.println("ready");
        System.out.flush();
        try (BufferedWriter scores = Files.newBufferedWriter(Path.of("scores.txt"))) {
            while (true) {
                Thread.sleep(1000);
                for (int i = 0; i < FLOORS; i++) {
                    scores.write(dancers.get(i).summary(i));
                    scores.write("missing " + readers.get(i).missing + "\n");
                }
                scores.flush();
            }
        }
    }
}
