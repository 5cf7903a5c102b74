// expect: healthy bench build: jackson-databind.jar jackson-core.jar jackson-annotations.jar
// Grades examinations on the soroban, the Japanese abacus: the halls send the sheets of the candidates as JSON (for each
// problem the figures that were read out, the answer, and the seconds that it took), the grader works the problems out
// itself, gives points by grade and time, answers with the marks, and keeps the ranking of each grade.
//
// Measured: 33 % of a core and 0.9 ms a sheet (320 a second); in the twin 9 % and 0.15 ms.
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class SorobanExams {
    static final int RATE = 320;
    static final int LISTED = 50;

    enum Kind { ADDITION, MULTIPLICATION, DIVISION }

    record Task(@JsonProperty("kind") Kind kind, @JsonProperty("figures") List<Long> figures,
            @JsonProperty("answer") Long answer, @JsonProperty("seconds") double seconds) {}

    record Sheet(@JsonProperty("candidate") String candidate, @JsonProperty("grade") int grade,
            @JsonProperty("hall") String hall, @JsonProperty("tasks") List<Task> tasks) {}

    record Mark(@JsonProperty("task") int task, @JsonProperty("points") int points,
            @JsonProperty("correct") Long correct) {}

    record Report(@JsonProperty("candidate") String candidate, @JsonProperty("passed") boolean passed,
            @JsonProperty("points") int points, @JsonProperty("byKind") Map<Kind, Integer> byKind,
            @JsonProperty("marks") List<Mark> marks) {}

    record Rank(@JsonProperty("candidate") String candidate, @JsonProperty("points") int points) {}

    /** How sheets and reports are read and written: the halls send more than we want, and write the kinds as they like. */
    static final class Format {
        private static final ObjectMapper MAPPER = JsonMapper.builder()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                .serializationInclusion(JsonInclude.Include.NON_NULL)
                .build();

        private Format() {}

        static Sheet sheet(HttpExchange exchange) throws IOException {
            return MAPPER.readValue(exchange.getRequestBody(), Sheet.class);
        }

        static byte[] bytes(Object value) throws JsonProcessingException {
            return MAPPER.writeValueAsBytes(value);
        }
    }

    static class Grader {
        private static final int[] LIMITS = {0, 20, 24, 28, 34, 40, 46, 52, 60};

        private static long solve(Task task) {
            List<Long> figures = task.figures();
            return switch (task.kind()) {
                case ADDITION -> figures.stream().mapToLong(Long::longValue).sum();
                case MULTIPLICATION -> figures.get(0) * figures.get(1);
                case DIVISION -> figures.get(0) / figures.get(1);
            };
        }

        private static int points(Task task, long correct, int grade) {
            if (task.answer() == null || task.answer() != correct) {
                return 0;
            }
            int limit = LIMITS[grade];
            return task.seconds() <= limit * 0.6 ? 10 : task.seconds() <= limit ? 8 : 3;
        }

        Report grade(Sheet sheet) {
            if (sheet.grade() < 1 || sheet.grade() >= LIMITS.length || sheet.tasks() == null) {
                throw new IllegalArgumentException("no such grade: " + sheet.grade());
            }
            List<Mark> marks = new ArrayList<>(sheet.tasks().size());
            Map<Kind, Integer> byKind = new TreeMap<>();
            int sum = 0;
            for (Task task : sheet.tasks()) {
                long correct = solve(task);
                int points = points(task, correct, sheet.grade());
                marks.add(new Mark(marks.size() + 1, points, points == 0 ? correct : null));
                byKind.merge(task.kind(), points, Integer::sum);
                sum += points;
            }
            return new Report(sheet.candidate(), sum >= 7 * marks.size(), sum, byKind, marks);
        }
    }

    /** The best of a grade, best first. */
    static class Ranking {
        private final List<Rank> best = new ArrayList<>(LISTED + 1);

        synchronized void enter(Report report) {
            best.removeIf(rank -> rank.candidate().equals(report.candidate()));
            best.add(new Rank(report.candidate(), report.points()));
            best.sort(Comparator.comparingInt(Rank::points).reversed());
            if (best.size() > LISTED) {
                best.remove(LISTED);
            }
        }

        synchronized List<Rank> list() {
            return List.copyOf(best);
        }
    }

    static class ExamResource {
        private final Grader grader = new Grader();
        private final Map<Integer, Ranking> rankings = new ConcurrentHashMap<>();
        private final LongAdder graded = new LongAdder();
        private final LongAdder nanos = new LongAdder();

        void sheets(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            try {
                Sheet sheet = Format.sheet(exchange);
                Report report = grader.grade(sheet);
                rankings.computeIfAbsent(sheet.grade(), grade -> new Ranking()).enter(report);
                send(exchange, 200, Format.bytes(report));
            } catch (JsonProcessingException | IllegalArgumentException e) {
                send(exchange, 400, Format.bytes(Map.of("error", String.valueOf(e.getMessage()))));
            }
            graded.increment();
            nanos.add(System.nanoTime() - began);
        }

        void ranking(HttpExchange exchange) throws IOException {
            String path = exchange.getRequestURI().getPath();
            Ranking ranking = rankings.get(path.charAt(path.length() - 1) - '0');
            send(exchange, ranking == null ? 404 : 200, Format.bytes(ranking == null ? List.of() : ranking.list()));
        }

        private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    /** The halls, in a process of their own. */
    private static final String HALLS = """
            import json, os, random, sys
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services

            def sheet():
                tasks = []
                for kind in ("addition", "Multiplication", "division"):
                    for _ in range(6):
                        figures = [random.randrange(100, 99999) for _ in range(10 if kind == "addition" else 2)]
                        right = {"addition": sum(figures), "Multiplication": figures[0] * figures[1]}
                        answer = right.get(kind, figures[0] // figures[1]) + (random.random() < 0.2)
                        seconds = round(random.uniform(9, 50), 1)
                        tasks.append(dict(kind=kind, figures=figures, answer=answer, seconds=seconds, desk=4))
                return dict(candidate=f"c{random.randrange(400)}", grade=4, hall="Kyoto", tasks=tasks)

            def send(share):
                body = json.dumps(sheet()).encode()
                clients.come(int(sys.argv[1]), ["/sheets"], float(sys.argv[2]) / 4, 2, body=body)

            for share in range(4):
                services.outside(lambda: send(share))
            services.outside(lambda: clients.come(int(sys.argv[1]), ["/rankings/4"], 5, 1))
            """;

    static void halls(int port) throws IOException, InterruptedException {
        new ProcessBuilder(System.getenv("PYTHON"), "-c", HALLS, "" + port, "" + RATE)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        ExamResource resource = new ExamResource();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/sheets", resource::sheets);
        server.createContext("/rankings/", resource::ranking);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        halls(server.getAddress().getPort());
        Thread.sleep(4_000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(5_000);
            System.err.printf("%d sheets, %.2f ms each%n", resource.graded.sum(),
                    resource.nanos.sum() / 1e6 / Math.max(1, resource.graded.sum()));
        }
    }
}
