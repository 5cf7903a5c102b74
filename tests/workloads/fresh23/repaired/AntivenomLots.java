// expect: healthy bench build: jackson-databind.jar jackson-core.jar jackson-annotations.jar
// The lot desk of an antivenom laboratory: serpentaria post what a snake gave at a milking, with the chromatogram of
// the venom; the desk corrects and names the bands, weighs the potency and assigns the milking to a lot.
//
// Measured: 110 milkings a second of 12 KB; CPU 34 % of a core, in the twin 10 %; a milking takes 3.6 ms, in the twin
// 1.2 ms.
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class AntivenomLots {
    static final ObjectMapper JSON = new ObjectMapper();

    static final String SERPENTARIA = """
            import http.client, json, os, random, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services
            port, rate, stations = int(sys.argv[1]), float(sys.argv[2]), 6
            random.seed(5)

            def band(at):
                area = random.uniform(0.2, 40)
                return {"minute": at * 0.31 + random.random() / 7, "area": area, "width": 0.05 + area / 313.7}

            def milking(number):
                told = {"session": number, "snake": number * 37 % 211, "keeper": f"keeper {number % 9}"}
                told |= {"species": ("asper", "atrox", "jararaca", "lachesis")[number % 4]}
                told |= {"millilitres": random.uniform(0.1, 2.4), "dryGrams": random.uniform(0.02, 0.6)}
                return json.dumps(told | {"bands": [band(at) for at in range(140)]}).encode()

            bodies = [milking(number) for number in range(60)]

            def station(number):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                due = time.monotonic() + number / rate
                while True:
                    time.sleep(max(0.0, due - time.monotonic()))
                    desk.request("POST", "/milkings", random.choice(bodies))
                    desk.getresponse().read()
                    due = max(due + stations / rate, time.monotonic() - 1)

            services.outside(lambda: clients.crowd(station, stations))
            """;

    public static class Band {
        public double minute;
        public double area;
        public double width;
        public String toxin;
    }

    public static class Milking {
        public long session;
        public int snake;
        public String species;
        public String keeper;
        public double millilitres;
        public double dryGrams;
        public double potency;
        public double doses;
        public String lot;
        public List<Band> bands = new ArrayList<>();
        public List<String> remarks = new ArrayList<>();
    }

    /** A milking that is not taken. */
    static class Unfit extends Exception {
        Unfit(String why) {
            super(why);
        }
    }

    abstract static class Stage {
        private final LongAdder handled = new LongAdder();

        abstract void work(Milking milking) throws Unfit;

        void handle(Milking milking) throws Unfit {
            work(milking);
            handled.increment();
        }
    }

    static class Plausibility extends Stage {
        @Override
        void work(Milking milking) throws Unfit {
            if (milking.bands.isEmpty() || milking.dryGrams <= 0) {
                throw new Unfit("nothing was measured");
            }
            if (milking.dryGrams > milking.millilitres) {
                milking.remarks.add("thick");
            }
        }
    }

    /** Takes the drift of the detector off the bands. */
    static class Baseline extends Stage {
        @Override
        void work(Milking milking) {
            double floor = milking.bands.stream().mapToDouble(band -> band.area / band.width).min().orElse(0);
            for (Band band : milking.bands) {
                band.area = Math.max(0, band.area - 0.1 * floor * band.width);
            }
        }
    }

    static class Toxins extends Stage {
        private static final double[] MINUTES = {0, 4.5, 9.8, 14.1, 20.6, 27.3, 33};
        private static final String[] NAMES = {"salt", "disintegrin", "crotamine", "PLA2", "serine", "CTL", "SVMP"};

        @Override
        void work(Milking milking) {
            for (Band band : milking.bands) {
                int at = Arrays.binarySearch(MINUTES, band.minute);
                band.toxin = NAMES[at < 0 ? -at - 2 : at];
            }
        }
    }

    static class Potency extends Stage {
        private final Map<String, Double> weights = Map.of("PLA2", 1.4, "SVMP", 1.1, "serine", 0.8, "crotamine", 2.2);

        @Override
        void work(Milking milking) {
            double whole = 0;
            double potent = 0;
            for (Band band : milking.bands) {
                whole += band.area;
                potent += band.area * weights.getOrDefault(band.toxin, 0.2);
            }
            milking.potency = potent / whole;
        }
    }

    static class Dilution extends Stage {
        @Override
        void work(Milking milking) {
            milking.doses = Math.floor(milking.dryGrams * milking.potency / 0.004);
            if (milking.doses < 5) {
                milking.remarks.add("weak");
            }
        }
    }

    static class Assignment extends Stage {
        private final Map<String, Integer> open = new ConcurrentHashMap<>();

        @Override
        void work(Milking milking) {
            int number = open.merge(milking.species, 1, Integer::sum);
            milking.lot = String.format(Locale.ROOT, "%s-%05d", milking.species.substring(0, 3), number / 40);
        }
    }

    static class Pipeline {
        private final List<Stage> stages = List.of(new Plausibility(), new Baseline(), new Toxins(), new Potency(),
                new Dilution(), new Assignment());

        String run(String document) throws IOException, Unfit {
            Milking milking = JSON.readValue(document, Milking.class);
            for (Stage stage : stages) {
                stage.handle(milking);
            }
            return JSON.writeValueAsString(milking);
        }
    }

    /** The last milkings, for a recall. */
    static class Shelf {
        private static final int KEPT = 120;
        private final Deque<byte[]> last = new ArrayDeque<>();

        synchronized void keep(byte[] document) {
            if (last.size() == KEPT) {
                last.removeFirst();
            }
            last.addLast(document);
        }
    }

    static class Desk {
        private final Pipeline pipeline;
        private final Shelf shelf = new Shelf();
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        Desk(Pipeline pipeline) {
            this.pipeline = pipeline;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String document = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            try {
                byte[] done = pipeline.run(document).getBytes(StandardCharsets.UTF_8);
                shelf.keep(done);
                answer(exchange, 201, "{\"kept\": " + done.length + "}");
            } catch (Unfit e) {
                answer(exchange, 422, "{\"error\": \"" + e.getMessage() + "\"}");
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

    static void serpentaria(int port, int rate) throws IOException, InterruptedException {
        new ProcessBuilder(System.getenv("PYTHON"), "-c", SERPENTARIA, "" + port, "" + rate)
                .redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Desk desk = new Desk(new Pipeline());
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/milkings", desk::handle);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        serpentaria(server.getAddress().getPort(), 110);
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = desk.served.sum();
            System.err.printf("%d served, %.2f ms each%n", served, desk.spent.sum() / 1e6 / served);
        }
    }
}
