// expect: healthy bench
// The archive of a yodelling federation: a recorded yodel is kept as frames (pitch in cents, level, voiced or not) in
// one large file with a table of contents; judges ask over HTTP how often a yodel breaks between chest and head voice,
// how wide it leaps, and how long its echo lasts.
//
// Measured: 200 requests a second; CPU 41 % of a core, in the twin 4 %; one takes 2.3 ms, in the twin 0.26 ms.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class YodelEchoes {
    static final int YODELS = 500;
    static final int FRAME = 7; // bytes

    record Entry(long offset, int frames, String singer) {}

    record Frame(int cents, short level, boolean voiced) {}

    record Judgement(int breaks, int widest, double echo) {}

    /** Where the frames of a yodel begin, and who sang it. */
    static class Contents {
        private final Map<Integer, Entry> entries = new LinkedHashMap<>();

        static Contents load(File file) throws IOException {
            Contents contents = new Contents();
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(file)))) {
                for (int left = in.readInt(); left > 0; left--) {
                    contents.entries.put(in.readInt(), new Entry(in.readLong(), in.readInt(), in.readUTF()));
                }
            }
            return contents;
        }

        Entry find(int yodel) {
            Entry entry = entries.get(yodel);
            if (entry == null) {
                throw new IllegalArgumentException("no yodel " + yodel);
            }
            return entry;
        }
    }

    /** Runs through the frames of one yodel. */
    static class FrameReader {
        private final ByteBuffer block;

        FrameReader(RandomAccessFile file, Entry entry) throws IOException {
            byte[] read = new byte[entry.frames() * FRAME];
            file.seek(entry.offset());
            file.readFully(read);
            block = ByteBuffer.wrap(read);
        }

        boolean more() {
            return block.hasRemaining();
        }

        Frame next() {
            int cents = block.getInt();
            short level = block.getShort();
            return new Frame(cents, level, block.get() != 0);
        }
    }

    static class Archive {
        private final Contents contents;
        private final ThreadLocal<RandomAccessFile> files;

        Archive(File frames, Contents contents) {
            this.contents = contents;
            files = ThreadLocal.withInitial(() -> {
                try {
                    return new RandomAccessFile(frames, "r");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        Entry entry(int yodel) {
            return contents.find(yodel);
        }

        List<Frame> frames(Entry entry) throws IOException {
            List<Frame> all = new ArrayList<>(entry.frames());
            FrameReader reader = new FrameReader(files.get(), entry);
            while (reader.more()) {
                all.add(reader.next());
            }
            return all;
        }
    }

    static class Jury {
        private static final int LEAP = 350; // cents

        Judgement judge(List<Frame> frames) {
            int breaks = 0;
            int widest = 0;
            int last = -1;
            int fading = 0;
            short loudest = 0;
            for (Frame frame : frames) {
                loudest = (short) Math.max(loudest, frame.level());
                if (!frame.voiced()) {
                    fading = frame.level() < loudest / 2 ? fading + 1 : 0;
                    continue;
                }
                if (last >= 0 && Math.abs(frame.cents() - last) > LEAP) {
                    breaks++;
                    widest = Math.max(widest, Math.abs(frame.cents() - last));
                }
                last = frame.cents();
                fading = 0;
            }
            return new Judgement(breaks, widest, fading * 0.01);
        }
    }

    static class YodelHandler {
        private final Archive archive;
        private final Jury jury = new Jury();
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        YodelHandler(Archive archive) {
            this.archive = archive;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String path = exchange.getRequestURI().getPath();
            try {
                Entry entry = archive.entry(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
                Judgement judgement = jury.judge(archive.frames(entry));
                answer(exchange, 200, String.format(Locale.ROOT,
                        "{\"singer\": \"%s\", \"breaks\": %d, \"widest\": %d, \"echo\": %.2f}",
                        entry.singer(), judgement.breaks(), judgement.widest(), judgement.echo()));
            } catch (IllegalArgumentException e) {
                answer(exchange, 404, "{\"error\": \"unknown\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    /** Writes the archive of a season. */
    static void record(File frames, File contents) throws IOException {
        Random random = new Random(11);
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(frames)));
                DataOutputStream table = new DataOutputStream(new BufferedOutputStream(
                        new FileOutputStream(contents)))) {
            table.writeInt(YODELS);
            for (int yodel = 1; yodel <= YODELS; yodel++) {
                int length = 600 + random.nextInt(600);
                table.writeInt(yodel);
                table.writeLong(out.size());
                table.writeInt(length);
                table.writeUTF("singer " + yodel % 90);
                int cents = 4000;
                for (int at = 0; at < length; at++) {
                    cents += random.nextInt(12) == 0 ? (cents > 4500 ? -900 : 900) : random.nextInt(21) - 10;
                    out.writeInt(cents);
                    out.writeShort(at > length - 40 ? 9000 / (at - length + 41) : 6000 + random.nextInt(3000));
                    out.writeBoolean(at <= length - 40);
                }
            }
        }
    }

    static void judges(int port, int rate) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int yodel = 1; yodel <= YODELS; yodel += 3) {
            paths.add("/yodels/" + yodel);
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "" + rate, "6")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        File frames = new File("yodels.frames");
        File contents = new File("yodels.contents");
        record(frames, contents);
        YodelHandler handler = new YodelHandler(new Archive(frames, Contents.load(contents)));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/yodels/", handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        judges(server.getAddress().getPort(), 200);
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.2f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
