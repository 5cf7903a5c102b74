// expect: healthy bench build: jackson-databind.jar jackson-core.jar jackson-annotations.jar
// The launch field of a hot-air balloon fiesta: once a second the field marshals publish the state of all balloons
// (pad, envelope temperature, drift, crew), and the screens of crews, judges and the press fetch it over HTTP as JSON.
//
// Measured: both answer 117 to 121 times a second; CPU 4.3 s in 23 s, in the twin 1.8 s in 26 s
// (about 1 s of both is the start).
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class BalloonFiesta {
    static final int BALLOONS = 420;
    static final int SCREENS = 10;

    @JsonInclude(JsonInclude.Include.NON_NULL)
    static class Balloon {
        public final int pad;
        public final String registration;
        public final String phase;
        public final Envelope envelope;
        public final Drift drift;
        public final List<String> crew;

        Balloon(int pad, String phase, Envelope envelope, Drift drift, List<String> crew) {
            this.pad = pad;
            this.registration = "G-B" + (char) ('A' + pad % 26) + (char) ('A' + pad / 26 % 26) + pad % 10;
            this.phase = phase;
            this.envelope = envelope;
            this.drift = drift;
            this.crew = crew;
        }
    }

    record Envelope(@JsonProperty("crown_c") double crown, @JsonProperty("mouth_c") double mouth, double lift) {}

    record Drift(double north, double east, double climb) {}

    record Field(long revision, String flag, int aloft, List<Balloon> balloons) {}

    /** A revision of the field, and the JSON that every screen is answered with. */
    record Published(Field field, byte[] json) {}

    /** What the marshals publish; readers take the latest. */
    static class Marshals {
        private final FieldView view;
        private volatile Published published;

        Marshals(FieldView view) {
            this.view = view;
            this.published = publication(0);
        }

        Published latest() {
            return published;
        }

        void publish() {
            published = publication(published.field().revision() + 1);
        }

        private Published publication(long revision) {
            Field field = survey(revision);
            return new Published(field, view.render(field));
        }

        private static Field survey(long revision) {
            List<Balloon> balloons = new ArrayList<>(BALLOONS);
            int aloft = 0;
            for (int pad = 0; pad < BALLOONS; pad++) {
                double heat = 62 + 28 * Math.sin(pad * 0.7 + revision * 0.05);
                boolean flies = heat > 80;
                Drift drift = flies ? new Drift(Math.cos(pad) * 3.1, Math.sin(pad) * 3.1, (heat - 80) / 7) : null;
                aloft += flies ? 1 : 0;
                balloons.add(new Balloon(pad, flies ? "aloft" : heat > 60 ? "standing" : "cold",
                        new Envelope(heat, heat * 0.83, heat * 7.9 - 300), drift,
                        List.of("pilot " + pad, "crew " + pad * 3)));
            }
            return new Field(revision, aloft > BALLOONS / 2 ? "red" : "green", aloft, balloons);
        }
    }

    /** How the field is told to screens. */
    static class FieldView {
        private final ObjectMapper mapper = new ObjectMapper();

        byte[] render(Field field) {
            try {
                return mapper.writeValueAsBytes(field);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static class FieldResource {
        private final Marshals marshals;
        private final LongAdder served = new LongAdder();

        FieldResource(Marshals marshals) {
            this.marshals = marshals;
        }

        void get(HttpExchange exchange) throws IOException {
            byte[] body = marshals.latest().json();
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
            served.increment();
        }
    }

    /** The screens around the field, in processes of their own. */
    static void screens(int port) throws IOException, InterruptedException {
        String script = "import os, sys; sys.path.append(os.path.dirname(os.environ['SERVICES'])); import services; "
                + "services.customers(int(sys.argv[1]), ['/field'], int(sys.argv[2]), pause=0.08)";
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "" + SCREENS)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Marshals marshals = new Marshals(new FieldView());
        FieldResource resource = new FieldResource(marshals);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/field", resource::get);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        Executors.newSingleThreadScheduledExecutor()
                .scheduleAtFixedRate(marshals::publish, 1, 1, TimeUnit.SECONDS);
        screens(server.getAddress().getPort());
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            System.err.printf("%d answers, revision %d%n", resource.served.sum(), marshals.latest().field().revision());
        }
    }
}
