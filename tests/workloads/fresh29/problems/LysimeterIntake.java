// expect: pattern=sync-write bench
/*
 * Intake of weighing lysimeters: the field controllers send the weights of their soil columns over TCP, one line a
 * reading; each reading goes into the day's journal before the water balance of its column is brought up to date.
 *
 * Measured: of 2400 readings a second the problem keeps 470, 1540 and 2530 in three runs (as others used the disk), the
 * twin 2350-2410; CPU 0.08-0.23 cores with the problem, 0.02-0.03 in the twin.
 */

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

public class LysimeterIntake {
    static final int CONTROLLERS = 4;
    static final int COLUMNS = 12;
    static final int READINGS_PER_SECOND = 2400;
    static final long JOURNAL_LIMIT = 8L << 20;

    record Reading(int column, long millis, double kilograms, double drainMillimetres) {
        static Reading parse(String line) {
            String[] parts = line.split(";");
            if (parts.length != 4) {
                throw new IllegalArgumentException("not a reading: " + line);
            }
            return new Reading(Integer.parseInt(parts[0]), Long.parseLong(parts[1]),
                    Double.parseDouble(parts[2]), Double.parseDouble(parts[3]));
        }
    }

    /** The journal of readings: fixed records, read again after a power cut. */
    static final class Journal {
        private static final int RECORD = 4 + 8 + 8 + 8;
        private final FileChannel channel;
        private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD);

        Journal(Path path) throws IOException {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            channel.position(channel.size());
        }

        void append(Reading reading) throws IOException {
            record.clear();
            record.putInt(reading.column()).putLong(reading.millis());
            record.putDouble(reading.kilograms()).putDouble(reading.drainMillimetres()).flip();
            write(record);
            channel.force(true);  // <- cost
            rollOver();
        }

        private void write(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        private void rollOver() throws IOException {
            if (channel.position() > JOURNAL_LIMIT) {
                channel.truncate(0);
                channel.position(0);
            }
        }
    }

    /** Evapotranspiration of a column from its change of weight (one square metre of surface: a kilogram is a mm). */
    static final class Balance {
        private double lastWeight = Double.NaN;
        private double lastDrain;
        private double evaporated;
        private double rained;

        void take(Reading reading) {
            if (!Double.isNaN(lastWeight)) {
                double drained = Math.max(0, reading.drainMillimetres() - lastDrain);
                double change = reading.kilograms() - lastWeight + drained;
                if (change > 0.05) {
                    rained += change;
                } else {
                    evaporated -= Math.min(change, 0);
                }
            }
            lastWeight = reading.kilograms();
            lastDrain = reading.drainMillimetres();
        }
    }

    private final BlockingQueue<Reading> arrived = new ArrayBlockingQueue<>(4096);
    private final AtomicLong refused = new AtomicLong();
    private final Balance[] balances = new Balance[COLUMNS * CONTROLLERS];
    private final Journal journal;

    LysimeterIntake(Path path) throws IOException {
        journal = new Journal(path);
        for (int i = 0; i < balances.length; i++) {
            balances[i] = new Balance();
        }
    }

    void listen(ServerSocket server) throws IOException {
        while (true) {
            Socket line = server.accept();
            Thread reader = new Thread(() -> read(line), "controller-" + line.getPort());
            reader.setDaemon(true);
            reader.start();
        }
    }

    private void read(Socket line) {
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(line.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String text = in.readLine(); text != null; text = in.readLine()) {
                try {
                    arrived.put(Reading.parse(text));
                } catch (IllegalArgumentException wrong) {
                    refused.incrementAndGet();
                }
            }
        } catch (IOException gone) {
            System.err.println("controller lost: " + gone.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    void keep() throws IOException, InterruptedException {
        while (true) {  // <- cost
            Reading reading = arrived.take();
            journal.append(reading);  // <- cost
            balances[reading.column()].take(reading);
        }
    }

    /** A field controller: it sends its columns' weights at a steady rate. */
    static void controller(int number, int port) {
        try (Socket line = new Socket(InetAddress.getLoopbackAddress(), port)) {
            OutputStream out = line.getOutputStream();
            double[] weight = new double[COLUMNS];
            double[] drain = new double[COLUMNS];
            int burst = Math.max(1, READINGS_PER_SECOND / CONTROLLERS / 20);
            for (long turn = 0; ; turn++) {
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < burst; i++) {
                    int column = (int) ((turn * burst + i) % COLUMNS);
                    weight[column] += turn % 40 == 0 ? 0.2 : -0.004;
                    drain[column] += 0.001;
                    text.append(number * COLUMNS + column).append(';').append(System.currentTimeMillis()).append(';')
                            .append(2400 + weight[column]).append(';').append(drain[column]).append('\n');
                }
                out.write(text.toString().getBytes(StandardCharsets.US_ASCII));
                Thread.sleep(50);
            }
        } catch (IOException | InterruptedException gone) {
            System.err.println("controller " + number + ": " + gone.getMessage());
        }
    }

    public static void main(String[] arguments) throws Exception {
        ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        LysimeterIntake intake = new LysimeterIntake(Path.of("lysimeter.journal"));
        Thread listener = new Thread(() -> {
            try {
                intake.listen(server);
            } catch (IOException closed) {
                System.err.println("no more controllers: " + closed.getMessage());
            }
        }, "listener");
        listener.setDaemon(true);
        listener.start();
        for (int i = 0; i < CONTROLLERS; i++) {
            int number = i;
            Thread sender = new Thread(() -> controller(number, server.getLocalPort()), "field-" + i);
            sender.setDaemon(true);
            sender.start();
        }
        Thread ready = new Thread(() -> {
            try {
                Thread.sleep(2000);
            } catch (InterruptedException stop) {
                return;
            }
            System.out.println("ready " + ProcessHandle.current().pid());
            System.out.flush();
        });
        ready.start();
        intake.keep();
    }
}
