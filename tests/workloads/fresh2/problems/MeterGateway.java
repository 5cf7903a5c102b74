// expect: pattern=small-io bench
// Takes the readings of electricity meters in, over lines that stay open, and sums them up by hour.
// Measured: 34,000 frames a second, 249,000 in the twin (all that are sent), with a third of the CPU.
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;

public class MeterGateway {
    static final int LINES = 3;
    static final AtomicLong taken = new AtomicLong();

    /** The sums of one line; only its thread writes them. */
    static class Hours {
        final long[] sums = new long[24];
        final int[] highest = new int[24];
        long wrong;

        void add(int meter, long second, int[] values, int count) {
            if (count != 8 || meter < 0) {
                wrong++;
                return;
            }
            int hour = (int) (second / 3600 % 24);
            for (int i = 0; i < count; i++) {
                int watts = calibrated(meter, values[i]);
                sums[hour] += watts;
                if (watts > highest[hour]) highest[hour] = watts;
            }
        }

        /** Meters measure a little too much in the middle of their range. */
        static int calibrated(int meter, int value) {
            double part = (value & 0xffff) / 65536.0;
            return (int) (value * (1 - 0.02 * part * (1 - part)) + meter % 3);
        }
    }

    static void serve(Socket line) {
        Hours hours = new Hours();
        int[] values = new int[64];
        try (line; DataInputStream frames = new DataInputStream(line.getInputStream())) { // <- cost
            while (true) {
                int count = frames.readShort(); // <- cost
                int meter = frames.readInt(); // <- cost
                long second = frames.readLong(); // <- cost
                if (count < 0 || count > values.length) throw new IOException("a frame of " + count + " values");
                for (int i = 0; i < count; i++) values[i] = frames.readInt(); // <- cost
                hours.add(meter, second, values, count);
                taken.incrementAndGet();
            }
        } catch (EOFException end) {
            System.err.println("a line was closed");
        } catch (IOException broken) {
            System.err.println("a line broke: " + broken.getMessage());
        }
    }

    static void meters(int port) throws IOException {
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        new ProcessBuilder(python, clients, "frames", "" + port, "" + LINES).start();
    }

    public static void main(String[] arguments) throws IOException {
        ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        meters(listening.getLocalPort());
        new Thread(MeterGateway::report, "report").start();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Socket line = listening.accept();
            new Thread(() -> serve(line), "line").start();
        }
    }

    static void report() {
        long began = System.nanoTime();
        try {
            while (true) {
                Thread.sleep(1000);
                String line = (System.nanoTime() - began) / 1_000_000 + " " + taken + " frames\n";
                Files.writeString(Path.of("meters.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        } catch (IOException | InterruptedException stopped) {
            System.err.println("no more reports: " + stopped);
        }
    }
}
