// bench: repaired twin of RigPreview build: jackson-core.jar jackson-databind.jar jackson-annotations.jar
// The preview desk of a theatre's lighting rig: designers try an edit of the plot ("bar 3 at 80 %") and see what load
// each phase would have; an edit is tried on a draft, so the plot that the show runs from stays as it is.
// Measured: 5 to 8 % of a core at 76 previews a second, mostly HTTP.
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class RigPreview {
    static final int CUES = 16;
    static final String[] GELS = {"L201", "L202", "R02", "R80", "L132", "open"};

    public static class Hang {
        public int bar;
        public double across;
        public double height;
        public double tilt;

        Hang copy() {
            Hang copy = new Hang();
            copy.bar = bar;
            copy.across = across;
            copy.height = height;
            copy.tilt = tilt;
            return copy;
        }
    }

    public static class Fixture {
        public String id;
        public int dimmer;
        public int phase;
        public int watts;
        public String gel;
        public Hang hang;
        public double[] levels;

        Fixture copy() {
            Fixture copy = new Fixture();
            copy.id = id;
            copy.dimmer = dimmer;
            copy.phase = phase;
            copy.watts = watts;
            copy.gel = gel;
            copy.hang = hang.copy();
            copy.levels = levels.clone();
            return copy;
        }
    }

    public static class Plot {
        public String show;
        public int revision;
        public List<Fixture> fixtures = new ArrayList<>();
        public Map<String, Integer> patch = new LinkedHashMap<>();

        Plot copy() {
            Plot copy = new Plot();
            copy.show = show;
            copy.revision = revision;
            copy.fixtures = new ArrayList<>(fixtures.size());
            for (Fixture fixture : fixtures) {
                copy.fixtures.add(fixture.copy());
            }
            copy.patch = new LinkedHashMap<>(patch);
            return copy;
        }
    }

    public static class Load {
        public int cue;
        public int revision;
        public double[] kilowatts = new double[3];
        public double imbalance;
    }

    private final ObjectMapper mapper = new ObjectMapper();
    private final LongAdder previews = new LongAdder();
    private volatile Plot live;

    RigPreview(Plot plot) {
        live = plot;
    }

    Plot draft() throws IOException {
        return live.copy();
    }

    Load preview(int cue, int bar, double scale) throws IOException {
        Plot draft = draft();
        draft.revision++;
        for (Fixture fixture : draft.fixtures) {
            if (fixture.hang.bar == bar) {
                fixture.levels[cue] = Math.min(1.0, fixture.levels[cue] * scale);
            }
        }
        previews.increment();
        return load(draft, cue);
    }

    static Load load(Plot plot, int cue) {
        Load load = new Load();
        load.cue = cue;
        load.revision = plot.revision;
        for (Fixture fixture : plot.fixtures) {
            load.kilowatts[fixture.phase] += fixture.watts * fixture.levels[cue] / 1000;
        }
        double most = Math.max(load.kilowatts[0], Math.max(load.kilowatts[1], load.kilowatts[2]));
        double least = Math.min(load.kilowatts[0], Math.min(load.kilowatts[1], load.kilowatts[2]));
        load.imbalance = most == 0 ? 0 : (most - least) / most;
        return load;
    }

    void answer(HttpExchange exchange) throws IOException {
        Map<String, String> asked = new LinkedHashMap<>();
        for (String part : exchange.getRequestURI().getQuery().split("&")) {
            int at = part.indexOf('=');
            asked.put(part.substring(0, at), part.substring(at + 1));
        }
        Load load = preview(Integer.parseInt(asked.get("cue")), Integer.parseInt(asked.get("bar")),
            Double.parseDouble(asked.get("scale")));
        byte[] body = mapper.writeValueAsBytes(load);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    static Plot rig(int fixtures) {
        Random random = new Random(1887);
        Plot plot = new Plot();
        plot.show = "Der Freischütz";
        for (int n = 0; n < fixtures; n++) {
            Fixture fixture = new Fixture();
            fixture.id = "F" + (1000 + n);
            fixture.dimmer = 1 + n;
            fixture.phase = random.nextInt(3);
            fixture.watts = n % 5 == 0 ? 2000 : 1200;
            fixture.gel = GELS[random.nextInt(GELS.length)];
            fixture.hang = new Hang();
            fixture.hang.bar = n % 14;
            fixture.hang.across = random.nextInt(1400) / 100.0;
            fixture.hang.height = 6 + random.nextInt(300) / 100.0;
            fixture.hang.tilt = random.nextInt(900) / 10.0;
            fixture.levels = new double[CUES];
            for (int cue = 0; cue < CUES; cue++) {
                fixture.levels[cue] = random.nextInt(101) / 100.0;
            }
            plot.fixtures.add(fixture);
            plot.patch.put(fixture.id, fixture.dimmer);
        }
        return plot;
    }

    static void designers(int port) throws IOException, InterruptedException {
        String services = new File(System.getenv("SERVICES")).getParent();
        String program = "import sys; sys.path.insert(0, sys.argv[1])\n"
            + "from services import customers\n"
            + "paths = [f'/preview?cue={n % 16}&bar={n % 14}&scale={0.5 + n % 9 / 8}' for n in range(112)]\n"
            + "customers(int(sys.argv[2]), paths, 8, pause=0.1)\n";
        new ProcessBuilder(System.getenv("PYTHON"), "-c", program, services, Integer.toString(port))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
            .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        RigPreview desk = new RigPreview(rig(600));
        long warm = System.nanoTime() + 2_000_000_000L;
        for (int n = 0; System.nanoTime() < warm; n++) {
            desk.preview(n % CUES, n % 14, 0.8);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.createContext("/preview", desk::answer);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        designers(server.getAddress().getPort());
        System.out.println("ready");
        System.out.flush();
    }
}
