// expect: healthy bench
// The online hall of a coin collectors' market: collectors' programs fetch the list of lots of an evening, with
// descriptions and bids, over and over until their lot is called. Bids come in meanwhile and change the lists.
// Measured: six collectors get 20 lists a second, of 0.13 MB each; 5 in the problem, of 1.5 MB each.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.GZIPOutputStream;

public class CoinLots {
    private static final int LOTS = 8000;
    private static final String[] EVENINGS = {"ancient", "thaler", "medals"};
    private static final String[] RULERS = {"Hadrian", "Maria Theresa", "Rudolf II", "Leopold I", "Trajan", "Ferdinand III"};
    private static final String[] STATES = {"very fine", "extremely fine", "almost mint state", "fine, worn at the rim"};
    private static final String[] NOTES = {
        "a bold portrait with an even grey patina", "slightly off centre, with a small flaw at the edge",
        "struck on a broad flan, from fresh dies", "traces of a mounting, cleaned long ago",
        "from an old collection in Trieste", "with the collector's ticket of 1911",
    };

    /** A lot of the evening. */
    static final class Lot {
        final int number;
        final String title;
        final String text;
        int bid;
        int bidders;

        Lot(int number, Random chance) {
            this.number = number;
            String ruler = RULERS[chance.nextInt(RULERS.length)];
            String state = STATES[chance.nextInt(STATES.length)];
            int year = 1500 + chance.nextInt(300);
            this.title = ruler + ", no. " + year;
            this.text = NOTES[chance.nextInt(NOTES.length)] + "; " + NOTES[chance.nextInt(NOTES.length)] + "; " + state
                + ", " + (2 + chance.nextInt(26)) + "." + chance.nextInt(100) + " g, axis " + chance.nextInt(12) + " h";
            this.bid = 20 + 5 * chance.nextInt(400);
        }

        void bid(int more) {
            bid += more;
            bidders++;
        }

        void write(StringBuilder list) {
            list.append("{\"lot\":").append(number).append(",\"title\":\"").append(title).append("\",\"text\":\"");
            list.append(text).append("\",\"bid\":").append(bid).append(",\"bidders\":").append(bidders).append('}');
        }
    }

    /** The lots of one evening, and their list as it is sent until the next bids are in, packed and not. */
    static final class Evening {
        private final List<Lot> lots = new ArrayList<>();
        private volatile byte[] list;
        private volatile byte[] packed;

        Evening(int seed) {
            Random chance = new Random(seed);
            for (int number = 1; number <= LOTS; number++) {
                lots.add(new Lot(number, chance));
            }
            renew();
        }

        void take(Random chance) {
            for (int count = 0; count < 25; count++) {
                lots.get(chance.nextInt(LOTS)).bid(5 * (1 + chance.nextInt(8)));
            }
            renew();
        }

        private void renew() {
            StringBuilder text = new StringBuilder(1_600_000).append("{\"lots\":[");
            for (Lot lot : lots) {
                if (lot.number > 1) {
                    text.append(",\n");
                }
                lot.write(text);
            }
            byte[] plain = text.append("]}\n").toString().getBytes(StandardCharsets.UTF_8);
            ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);
            try (GZIPOutputStream gzip = new GZIPOutputStream(out, 8192)) {
                gzip.write(plain);
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
            list = plain;
            packed = out.toByteArray();
        }

        byte[] packed() {
            return packed;
        }

        byte[] list() {
            return list;
        }
    }

    /** Answers the collectors. */
    static final class Hall {
        private final Map<String, Evening> evenings = new TreeMap<>();
        final LongAdder sent = new LongAdder();
        final LongAdder nanos = new LongAdder();

        Hall() {
            for (String name : EVENINGS) {
                evenings.put(name, new Evening(name.length()));
            }
        }

        Evening evening(String name) {
            return evenings.get(name);
        }

        void answer(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            Evening evening = parts.length > 2 ? evenings.get(parts[2]) : null;
            if (evening == null) {
                exchange.sendResponseHeaders(404, -1);
                exchange.close();
                return;
            }
            String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
            boolean packed = accepted != null && accepted.contains("gzip");
            byte[] body = packed ? evening.packed() : evening.list();
            if (packed) {
                exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            }
            exchange.getResponseHeaders().set("Vary", "Accept-Encoding");
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
            sent.increment();
            nanos.add(System.nanoTime() - began);
        }
    }

    /** The address of this machine at which collectors find it. */
    private static String address() throws IOException {
        try (DatagramSocket asked = new DatagramSocket()) {
            asked.connect(InetAddress.getByName("192.0.2.1"), 9);
            return asked.getLocalAddress().getHostAddress();
        }
    }

    private static void collectors(String host, int port, String evening) throws Exception {
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        String[] command = {
            python, clients, "slow", host, String.valueOf(port), "/lots/" + evening, "1200000", "2",
        };
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("coin-lots-");
        Hall hall = new Hall();
        String host = address();
        HttpServer server = HttpServer.create(new InetSocketAddress(host, 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(12));
        server.createContext("/lots", hall::answer);
        server.start();
        for (String name : EVENINGS) {
            collectors(host, server.getAddress().getPort(), name);
        }
        while (hall.sent.sum() < 6) {
            Thread.sleep(100);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        Random chance = new Random(3);
        for (int turn = 0; ; turn++) {
            Thread.sleep(900);
            hall.evening(EVENINGS[turn % EVENINGS.length]).take(chance);
            long millis = hall.nanos.sum() / 1_000_000 / hall.sent.sum();
            Files.writeString(folder.resolve("hall.txt"), hall.sent.sum() + " lists sent, " + millis + " ms each\n");
        }
    }
}
