// expect: healthy bench
// Estimates of a restorers' guild for antique rocking horses: the dealers' surveys come as lines; for each horse every
// workshop's tariff is asked for its price at the same time (carving, gesso, paint, tack, rockers, ...), with a limit
// on the time that one may take; the desk adds them up and keeps the latest estimates of each dealer.
//
// Measured: an estimate takes 635 us, in the twin 33 us; 50 % of a core (on a busy machine 34 %), in the twin 2 %, at
// 520 estimates a second (4160 threads a second).
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

public class RockingHorses {
    static final int KEPT = 50;

    record Survey(String dealer, int horse, int hands, int[] damage) {
        static Survey parse(String line) {
            String[] parts = line.split(";");
            if (parts.length != 4 || parts[3].length() != Craft.values().length) {
                throw new IllegalArgumentException("survey " + line);
            }
            int[] damage = new int[parts[3].length()];
            for (int i = 0; i < damage.length; i++) {
                damage[i] = Character.digit(parts[3].charAt(i), 10);
            }
            return new Survey(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), damage);
        }
    }

    enum Craft {
        CARVING, GESSO, PAINT, TACK, ROCKERS, MANE, EYES, GILDING
    }

    record Price(Craft craft, String workshop, long pence) {}

    record Estimate(int horse, List<Price> prices, List<Craft> missing) {
        long total() {
            return prices.stream().mapToLong(Price::pence).sum();
        }
    }

    /** The tariff of one craft: what its workshops take for a size and a grade of damage. */
    static class Tariff {
        private final Craft craft;
        private final long[][] hourly;

        Tariff(Craft craft) {
            this.craft = craft;
            this.hourly = new long[6][24];
            for (int workshop = 0; workshop < hourly.length; workshop++) {
                for (int grade = 0; grade < 24; grade++) {
                    hourly[workshop][grade] = 1800 + (workshop * 613 + grade * 271 + craft.ordinal() * 97) % 2400;
                }
            }
        }

        Price cheapest(Survey survey) {
            int damage = survey.damage()[craft.ordinal()];
            long best = Long.MAX_VALUE;
            int by = 0;
            for (int workshop = 0; workshop < hourly.length; workshop++) {
                long pence = 0;
                for (int stage = 0; stage <= damage; stage++) {
                    int grade = Math.floorMod(damage * 3 + stage + survey.hands(), 24);
                    pence += hourly[workshop][grade] * (2 + stage) * survey.hands() / 12;
                }
                if (pence < best) {
                    best = pence;
                    by = workshop;
                }
            }
            return new Price(craft, craft.name().toLowerCase().charAt(0) + "" + by, best);
        }
    }

    /** Asks all tariffs at once. */
    static class Estimator {
        private static final long LIMIT_MS = 250;
        private final List<Tariff> tariffs;
        private final ExecutorService askers;

        Estimator(List<Tariff> tariffs) {
            this.tariffs = tariffs;
            this.askers = Executors.newFixedThreadPool(tariffs.size());
        }

        Estimate estimate(Survey survey) throws InterruptedException {
            List<Callable<Price>> questions = new ArrayList<>(tariffs.size());
            for (Tariff tariff : tariffs) {
                questions.add(() -> tariff.cheapest(survey));
            }
            return collect(survey, ask(questions));
        }

        private List<Future<Price>> ask(List<Callable<Price>> questions) throws InterruptedException {
            return askers.invokeAll(questions, LIMIT_MS, TimeUnit.MILLISECONDS);
        }

        private Estimate collect(Survey survey, List<Future<Price>> answers) throws InterruptedException {
            List<Price> prices = new ArrayList<>(answers.size());
            List<Craft> missing = new ArrayList<>(0);
            for (int i = 0; i < answers.size(); i++) {
                try {
                    prices.add(answers.get(i).get());
                } catch (ExecutionException | CancellationException e) {
                    missing.add(tariffs.get(i).craft);
                }
            }
            return new Estimate(survey.horse(), prices, missing);
        }
    }

    /** The latest estimates of each dealer. */
    static class Book {
        private final Map<String, Deque<Estimate>> latest = new TreeMap<>();

        void enter(String dealer, Estimate estimate) {
            Deque<Estimate> of = latest.computeIfAbsent(dealer, d -> new ArrayDeque<>(KEPT));
            if (of.size() == KEPT) {
                of.removeFirst();
            }
            of.addLast(estimate);
        }

        String summary() {
            StringBuilder text = new StringBuilder();
            latest.forEach((dealer, estimates) -> {
                long total = estimates.stream().mapToLong(Estimate::total).sum() / estimates.size();
                text.append(dealer).append(' ').append(total / 100).append(", ");
            });
            return text.toString();
        }
    }

    static class Desk {
        private final Estimator estimator;
        private final Book book = new Book();
        private long done;
        private long bad;
        private long spent;

        Desk(Estimator estimator) {
            this.estimator = estimator;
        }

        void take(String line) throws InterruptedException {
            long began = System.nanoTime();
            try {
                Survey survey = Survey.parse(line);
                book.enter(survey.dealer(), estimator.estimate(survey));
                done++;
            } catch (IllegalArgumentException e) {
                bad++;
            }
            spent += System.nanoTime() - began;
            if (done % 2000 == 0) {
                System.err.printf("%d estimates, %d bad, %.0f us each; %s%n", done, bad, spent / 1e3 / done,
                        book.summary());
            }
        }

        void serve(Socket line) throws IOException, InterruptedException {
            try (BufferedReader surveys = new BufferedReader(
                    new InputStreamReader(line.getInputStream(), StandardCharsets.US_ASCII))) {
                for (String said = surveys.readLine(); said != null; said = surveys.readLine()) {
                    take(said);
                }
            }
        }
    }

    /** Dealers, in a process of their own: at each fair a few horses at a time. */
    static void dealers(int port, int rate) throws IOException, InterruptedException {
        String script = """
                import os, random, socket, sys, time
                sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
                from services import outside
                def survey(number):
                    damage = "".join(random.choice("01234567") for _ in range(8))
                    return f"dealer{number % 12};{number % 100000};{9 + number % 6};{damage}\\n".encode()
                def deal():
                    texts = [b"".join(survey(at * 5 + i) for i in range(5)) for at in range(400)]
                    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
                        due = time.monotonic()
                        while True:
                            for text in texts:
                                line.sendall(text)
                                due += 5 / float(sys.argv[2])
                                time.sleep(max(0.0, due - time.monotonic()))
                outside(deal)
                """;
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "" + rate)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        List<Tariff> tariffs = new ArrayList<>();
        for (Craft craft : Craft.values()) {
            tariffs.add(new Tariff(craft));
        }
        Desk desk = new Desk(new Estimator(tariffs));
        for (int i = 0; i < 300; i++) {
            desk.take("test;" + i + ";12;0123456" + i % 8);
        }
        try (ServerSocket server = new ServerSocket(0, 4, InetAddress.getLoopbackAddress())) {
            dealers(server.getLocalPort(), 520);
            try (Socket line = server.accept()) {
                System.out.println("ready " + ProcessHandle.current().pid());
                desk.serve(line);
            }
        }
    }
}
