// expect: pattern=memory-growth bench build: jackson-databind.jar jackson-core.jar jackson-annotations.jar
// Base station of the guides who lead walks over tidal flats: their trackers connect over a poor radio, report
// positions (JSON lines) and get the water levels of the next hours back, compressed with a context per link.
// Measured: 2.5 MiB a second more resident memory (28 links a second, some 90 KiB each, outside of the Java heap) without end.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.BufferedOutputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;

public class MudflatGuides {
    static final ObjectMapper JSON = new ObjectMapper();

    /** One radio link of a tracker: who is at the other end, where they are, and the compression context. */
    static final class Link {
        final long number;
        final Socket socket;
        final Deflater deflater;
        final byte[] frame = new byte[4096];
        volatile String guide = "?";
        volatile double latitude;
        volatile double longitude;
        volatile long heardAt;

        Link(long number, Socket socket) {
            this.number = number;
            this.socket = socket;
            this.deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true); // <- cost
        }

        /** Compresses a message against what went over this link before; the length in frame. */
        int pack(byte[] message) {
            deflater.setInput(message);
            return deflater.deflate(frame, 0, frame.length, Deflater.SYNC_FLUSH);
        }

        void close() {
            deflater.end();
            try {
                socket.close();
            } catch (IOException ignored) {
                // gone already
            }
        }
    }

    final Map<Long, Link> links = new ConcurrentHashMap<>();
    final AtomicLong numbers = new AtomicLong();
    final ExecutorService handlers = Executors.newCachedThreadPool();

    byte[] levels(double latitude, double longitude) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode hours = answer.putArray("levels_cm");
        double phase = System.currentTimeMillis() / 7.1e6 + longitude / 30;
        for (int quarter = 0; quarter < 48; quarter++) {
            hours.add(Math.round(160 * Math.sin(phase + quarter * 0.1265) + 12 * Math.cos(latitude + quarter)));
        }
        answer.put("turn_back", hours.get(6).asInt() > 20);
        return JSON.writeValueAsBytes(answer);
    }

    /** Runs what each report needs some times over, so that the first guides do not wait for the compiler. */
    void warmUp() throws IOException {
        Link spare = new Link(0, new Socket());
        for (int round = 0; round < 12_000; round++) {
            spare.pack(levels(53.7, 7 + round % 100 / 100.0));
        }
        spare.close();
    }

    void note(Link link, JsonNode report) {
        link.guide = report.path("guide").asText("?");
        link.latitude = report.path("lat").asDouble();
        link.longitude = report.path("lon").asDouble();
        link.heardAt = System.currentTimeMillis();
    }

    void converse(Link link) throws IOException {
        BufferedReader in = new BufferedReader(
            new InputStreamReader(link.socket.getInputStream(), StandardCharsets.UTF_8), 1024);
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(link.socket.getOutputStream(), 4096));
        String line;
        while ((line = in.readLine()) != null) {
            if (line.equals("over and out")) {
                links.remove(link.number);
                link.close();
                return;
            }
            note(link, JSON.readTree(line));
            int length = link.pack(levels(link.latitude, link.longitude));
            out.writeShort(length);
            out.write(link.frame, 0, length);
            out.flush();
        }
    }

    void serve(Socket socket) {
        Link link = new Link(numbers.incrementAndGet(), socket);
        links.put(link.number, link); // <- cost
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            converse(link);
        } catch (IOException lost) {
            // out of range: the tracker calls again
        } finally {
            hangUp(link);
        }
    }

    void hangUp(Link link) {
        try {
            link.socket.close();
        } catch (IOException ignored) {
            // gone already
        }
    }

    void accept(ServerSocket door) throws IOException {
        while (true) {
            Socket socket = door.accept();
            handlers.execute(() -> serve(socket));
        }
    }

    static final String TRACKERS = String.join("\n",
        "import collections, json, os, random, socket, sys, time",
        "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))",
        "from services import outside",
        "def trackers():",
        "    open_links, due, guides = collections.deque(), time.monotonic(), 0",
        "    while True:",
        "        link = socket.create_connection(('127.0.0.1', int(sys.argv[1])))",
        "        guides += 1",
        "        open_links.append((link, link.makefile('rb'), f'guide {guides % 60}'))",
        "        for link, answers, guide in open_links:",
        "            report = {'guide': guide, 'lat': 53.7 + random.random() / 10, 'lon': 7 + random.random()}",
        "            link.sendall(json.dumps(report).encode() + b'\\n')",
        "            answers.read(int.from_bytes(answers.read(2), 'big'))",
        "        while len(open_links) > 10:",
        "            link, answers, guide = open_links.popleft()",
        "            if random.random() < 0.04:",
        "                link.sendall(b'over and out\\n')",
        "            answers.close()",
        "            link.close()",
        "        due = max(due + 0.035, time.monotonic() - 1)",
        "        time.sleep(max(0, due - time.monotonic()))",
        "outside(trackers)");

    public static void main(String[] arguments) throws Exception {
        MudflatGuides station = new MudflatGuides();
        station.warmUp();
        ServerSocket door = new ServerSocket(0, 128, InetAddress.getByName("127.0.0.1"));
        ProcessBuilder trackers = new ProcessBuilder(
            System.getenv("PYTHON"), "-c", TRACKERS, String.valueOf(door.getLocalPort()));
        trackers.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT);
        if (trackers.start().waitFor() != 0) {
            throw new IllegalStateException("no trackers");
        }
        Thread acceptor = new Thread(() -> {
            try {
                station.accept(door);
            } catch (IOException closed) {
                System.exit(1);
            }
        }, "acceptor");
        acceptor.start();
        Thread.sleep(2500);
        System.out.println("ready");
        System.out.flush();
        acceptor.join();
    }
}
