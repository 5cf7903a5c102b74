// expect: pattern=repeated-computation bench
// The world gurning championship: judges mark the faces that entrants pull; as some judges are mild and some are not,
// a mark counts by how far it is above the judge's median, in units of the judge's spread. The screens in the tent, the
// press and the bookmakers ask for the standings; judges send marks.
//
// Measured: 49 % of a core for 10 standings and 8 marks a second, in the twin 2.4 %.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class GurningContest {
    static final int ENTRANTS = 340;
    static final int JUDGES = 9;

    record Entrant(int number, String name, String village, boolean throughHorseCollar) {}

    record Place(Entrant entrant, double points, int marks) {}

    /** A judge's habit: what a middling face gets, and how much the marks differ. */
    record Habit(double median, double spread) {
        static Habit of(double[] marks) {
            double[] sorted = Arrays.stream(marks).filter(mark -> mark > 0).sorted().toArray();
            if (sorted.length < 4) {
                return new Habit(5, 1);
            }
            double spread = sorted[sorted.length * 3 / 4] - sorted[sorted.length / 4];
            return new Habit(sorted[sorted.length / 2], Math.max(0.25, spread));
        }

        double points(double mark) {
            return (mark - median) / spread;
        }
    }

    /** What the judges wrote: a row for each judge, a column for each entrant; 0 is not yet marked. */
    static class MarkSheet {
        private final double[][] marks = new double[JUDGES][ENTRANTS];
        private long revision;

        synchronized void mark(int judge, int entrant, double mark) {
            if (mark < 0.1 || mark > 10) {
                throw new IllegalArgumentException("marks are from 0.1 to 10");
            }
            marks[judge][entrant] = mark;
            revision++;
        }

        synchronized double[][] rows() {
            double[][] rows = new double[JUDGES][];
            for (int judge = 0; judge < JUDGES; judge++) {
                rows[judge] = marks[judge].clone();
            }
            return rows;
        }

        synchronized long revision() {
            return revision;
        }
    }

    /** Makes the marks of different judges comparable. */
    static class Leveller {
        private final double[][] rows;

        Leveller(double[][] rows) {
            this.rows = rows;
        }

        Habit habit(int judge) {
            return Habit.of(rows[judge]); // <- cost
        }

        double level(int judge, int entrant) {
            return habit(judge).points(rows[judge][entrant]); // <- cost
        }

        boolean marked(int judge, int entrant) {
            return rows[judge][entrant] > 0;
        }
    }

    static class Standings {
        private final List<Entrant> entrants;
        private final MarkSheet sheet;

        Standings(List<Entrant> entrants, MarkSheet sheet) {
            this.entrants = entrants;
            this.sheet = sheet;
        }

        /** The best and the worst judgement of each entrant are left out. */
        private Place place(Entrant entrant, Leveller leveller) {
            double sum = 0;
            double best = Double.NEGATIVE_INFINITY;
            double worst = Double.POSITIVE_INFINITY;
            int marks = 0;
            for (int judge = 0; judge < JUDGES; judge++) {
                if (leveller.marked(judge, entrant.number())) {
                    double points = leveller.level(judge, entrant.number()); // <- cost
                    sum += points;
                    best = Math.max(best, points);
                    worst = Math.min(worst, points);
                    marks++;
                }
            }
            double counted = marks > 4 ? (sum - best - worst) / (marks - 2) : marks > 0 ? sum / marks : -9;
            return new Place(entrant, counted + (entrant.throughHorseCollar() ? 0.1 : 0), marks);
        }

        List<Place> current() {
            Leveller leveller = new Leveller(sheet.rows());
            List<Place> places = new ArrayList<>(entrants.size());
            for (Entrant entrant : entrants) {
                places.add(place(entrant, leveller));
            }
            places.sort(Comparator.comparingDouble(Place::points).reversed());
            return places;
        }

        Map<String, Double> bestByVillage(List<Place> places) {
            Map<String, Double> villages = new HashMap<>();
            for (Place place : places) {
                villages.merge(place.entrant().village(), place.points(), Math::max);
            }
            return villages;
        }
    }

    /** What the tent sees. */
    static class Tent {
        private final Standings standings;
        private final MarkSheet sheet;
        private final LongAdder answers = new LongAdder();

        Tent(Standings standings, MarkSheet sheet) {
            this.standings = standings;
            this.sheet = sheet;
        }

        String page() {
            List<Place> places = standings.current();
            StringBuilder out = new StringBuilder(16384);
            out.append("{\"revision\":").append(sheet.revision()).append(",\"places\":[");
            for (int at = 0; at < Math.min(100, places.size()); at++) {
                Place place = places.get(at);
                out.append(at == 0 ? "" : ",").append("{\"name\":\"").append(place.entrant().name());
                out.append("\",\"points\":").append(Math.round(place.points() * 1000) / 1000.0).append('}');
            }
            out.append("],\"villages\":").append(standings.bestByVillage(places).size());
            return out.append('}').toString();
        }

        void standings(HttpExchange exchange) throws IOException {
            answer(exchange, 200, page());
        }

        void mark(HttpExchange exchange) throws IOException {
            String[] words = exchange.getRequestURI().getPath().split("/");
            try {
                sheet.mark(Integer.parseInt(words[2]), Integer.parseInt(words[3]), Double.parseDouble(words[4]));
                answer(exchange, 200, "{\"revision\":" + sheet.revision() + "}");
            } catch (IllegalArgumentException | IndexOutOfBoundsException error) {
                answer(exchange, 400, "{\"error\":\"" + error.getClass().getSimpleName() + "\"}");
            }
        }

        private void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
            answers.increment();
        }
    }

    static List<Entrant> entrants() {
        String[] villages = {"Egremont", "Bootle", "Gosforth", "Cleator", "Wasdale", "Eskdale", "Ulpha"};
        List<Entrant> entrants = new ArrayList<>(ENTRANTS);
        for (int number = 0; number < ENTRANTS; number++) {
            entrants.add(new Entrant(number, "face " + number, villages[number * 5 % villages.length], number % 3 == 0));
        }
        return entrants;
    }

    /** Screens and judges, in processes of their own. */
    static void visitors(int port) throws IOException, InterruptedException {
        String script = String.join("\n",
                "import os, sys",
                "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))",
                "import clients, services",
                "port = int(sys.argv[1])",
                "marks = [f'/mark/{n % 9}/{n * 37 % 340}/{n * 7 % 90 / 10 + 0.5}' for n in range(900)]",
                "services.outside(lambda: clients.come(port, ['/standings'], 10, 4))",
                "services.outside(lambda: clients.come(port, marks, 8, 2))");
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        MarkSheet sheet = new MarkSheet();
        Random random = new Random(1267);
        for (int judge = 0; judge < JUDGES; judge++) {
            for (int entrant = 0; entrant < ENTRANTS; entrant++) {
                sheet.mark(judge, entrant, Math.min(10, 1 + judge * 0.4 + random.nextInt(56) / 10.0));
            }
        }
        Tent tent = new Tent(new Standings(entrants(), sheet), sheet);
        for (long until = System.nanoTime() + 2_000_000_000L; System.nanoTime() < until; ) {
            tent.page(); // as the judges rehearse
        }
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/standings", tent::standings);
        server.createContext("/mark", tent::mark);
        server.setExecutor(Executors.newFixedThreadPool(6));
        server.start();
        visitors(server.getAddress().getPort());
        TimeUnit.SECONDS.sleep(3);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            System.err.printf(Locale.ROOT, "%d answers, revision %d%n", tent.answers.sum(), sheet.revision());
        }
    }
}
