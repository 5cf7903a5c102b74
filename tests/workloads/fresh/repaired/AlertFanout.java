// expect: healthy bench
// Tells the subscribers of an alert service what happened; messages are made and sent by a pool.
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;

public class AlertFanout {
    static final int GATEWAYS = 8;
    static final int REGIONS = 10;
    static final int SUBSCRIBERS = 12;
    static final AtomicLong lost = new AtomicLong();

    record Alert(long number, String kind, int region, int level) {
    }

    /** A connection to one of the gateways that pass messages on. */
    static class Gateway {
        private final OutputStream out;

        Gateway(int port) throws IOException {
            Socket socket = new Socket("127.0.0.1", port);
            socket.setTcpNoDelay(true);
            out = socket.getOutputStream();
        }

        void send(byte[] message) throws IOException {
            synchronized (out) {
                out.write(message);
            }
        }
    }

    static byte[] message(Alert alert, int subscriber) {
        StringBuilder text = new StringBuilder();
        text.append("To: subscriber ").append(subscriber).append("\nAlert ").append(alert.number()).append(": ")
            .append(alert.kind()).append(" in region ").append(alert.region()).append(", level ").append(alert.level()).append('\n');
        for (int hour = 0; hour < 12; hour++) text.append("  in ").append(hour).append(" h: ").append((alert.level() * 7 + hour * 3) % 10).append('\n');
        CRC32 sum = new CRC32();
        sum.update(text.toString().getBytes(StandardCharsets.UTF_8));
        return text.append("sum ").append(Long.toHexString(sum.getValue())).append("\n\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    /** To all subscribers of a region, in one go. */
    static void deliver(Alert alert, int region, List<Gateway> gateways, CountDownLatch open) {
        try {
            ByteArrayOutputStream all = new ByteArrayOutputStream(8192);
            for (int i = 0; i < SUBSCRIBERS; i++) all.write(message(alert, region * SUBSCRIBERS + i));
            gateways.get(region % GATEWAYS).send(all.toByteArray());
        } catch (IOException gone) {
            lost.incrementAndGet();
        } finally {
            open.countDown();
        }
    }

    /** The gateways, in a machine of their own: they read what comes. */
    static void gateways() throws IOException {
        ServerSocket listening = new ServerSocket(0);
        System.out.println(listening.getLocalPort());
        while (true) {
            Socket peer = listening.accept();
            new Thread(() -> {
                byte[] taken = new byte[1 << 16];
                try (InputStream in = peer.getInputStream()) {
                    while (in.read(taken) >= 0) {
                    }
                } catch (IOException gone) {
                }
            }).start();
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) gateways();
        Process others = new ProcessBuilder("java", "-Xmx32m", "-cp", System.getProperty("java.class.path"), "AlertFanout", "gateways").start();
        Runtime.getRuntime().addShutdownHook(new Thread(others::destroyForcibly));
        int port = Integer.parseInt(others.inputReader().readLine());
        List<Gateway> gateways = new ArrayList<>();
        for (int i = 0; i < GATEWAYS; i++) gateways.add(new Gateway(port));
        ExecutorService pool = Executors.newFixedThreadPool(2);
        System.out.println("ready " + ProcessHandle.current().pid());
        String[] kinds = {"storm", "flood", "frost", "smog"};
        long began = System.nanoTime();
        long told = began;
        for (long number = 0; ; number++) {
            Alert alert = new Alert(number, kinds[(int) (number % 4)], (int) (number % 17), (int) (number % 5));
            CountDownLatch open = new CountDownLatch(REGIONS);
            for (int i = 0; i < REGIONS; i++) {
                int region = (int) (number * 31 + i) % 400;
                pool.execute(() -> deliver(alert, region, gateways, open));
            }
            open.await();
            if (System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                String line = (told - began) / 1_000_000 + " " + number + " alerts sent, " + lost + " lost\n";
                Files.writeString(Path.of("alerts.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        }
    }
}
