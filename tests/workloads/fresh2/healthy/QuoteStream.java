// expect: healthy bench
// Reads a stream of meter frames from lines that stay open, through buffers, and keeps an average of each meter.
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

public class QuoteStream {
    static final int LINES = 4;
    static final LongAdder taken = new LongAdder();
    static final Map<Integer, Average> averages = new ConcurrentHashMap<>();

    /** A frame, made for each: it is dead when the next one comes. */
    record Frame(int meter, long second, int[] values) {
        static Frame from(DataInputStream in) throws IOException {
            int count = in.readShort();
            int meter = in.readInt();
            long second = in.readLong();
            int[] values = new int[count];
            for (int i = 0; i < count; i++) values[i] = in.readInt();
            return new Frame(meter, second, values);
        }

        double mean() {
            long sum = 0;
            for (int value : values) sum += value;
            return values.length == 0 ? 0 : (double) sum / values.length;
        }
    }

    static class Average {
        private double value;
        private long last;

        synchronized void add(Frame frame) {
            value = value * 0.99 + frame.mean() * 0.01;
            last = frame.second();
        }

        synchronized String text() {
            return String.format("%.1f at %d", value, last);
        }
    }

    static void serve(Socket line) {
        try (line; DataInputStream in = new DataInputStream(new BufferedInputStream(line.getInputStream(), 1 << 15))) {
            while (true) {
                Frame frame = Frame.from(in);
                averages.computeIfAbsent(frame.meter(), meter -> new Average()).add(frame);
                taken.increment();
            }
        } catch (IOException ended) {
            System.err.println("a line ended: " + ended.getMessage());
        }
    }

    static void report() {
        long began = System.nanoTime();
        try (BufferedWriter log = Files.newBufferedWriter(Path.of("quotes.log"))) {
            while (true) {
                Thread.sleep(1000);
                Average first = averages.get(0);
                log.write((System.nanoTime() - began) / 1_000_000 + " " + taken.sum() + " frames, ");
                log.write(averages.size() + " meters, the first: " + (first == null ? "-" : first.text()) + "\n");
                log.flush();
            }
        } catch (IOException | InterruptedException stopped) {
            System.err.println("no more reports: " + stopped);
        }
    }

    public static void main(String[] arguments) throws IOException {
        ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        new ProcessBuilder(python, clients, "frames", "" + listening.getLocalPort(), "" + LINES).start();
        new Thread(QuoteStream::report, "report").start();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Socket line = listening.accept();
            new Thread(() -> serve(line), "line").start();
        }
    }
}
