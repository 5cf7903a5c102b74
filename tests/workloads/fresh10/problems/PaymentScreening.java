// expect: pattern=failing-dependency bench
// Screening of outgoing payments in a bank's back office: what the risk centre knows about the receiving bank decides
// how closely a payment is looked at; the bank's own list stands in when the centre does not tell.
// Measured: a payment takes 81 ms; 6 ms in the twin, the first failures included (a busy machine).

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;

public class PaymentScreening {
    private static final int DESKS = 6;
    private static final int PAYMENTS_A_SECOND = 40;
    private static final String[] COUNTRIES = {"AT", "BE", "CH", "CZ", "DK", "ES", "FR", "IT", "NL", "PL", "SE", "TR"};

    record Payment(long number, String receiver, String bank, long cents, long received) {}

    enum Decision { PASS, FOUR_EYES, STOP }

    /** The risk centre of the banks' association, behind a gateway in this house. */
    static final class RiskCentre {
        private static final int ATTEMPTS = 3;
        private static final Pattern DIGITS = Pattern.compile("\\d{1,3}");
        private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1)).build();
        private final String address;
        final LongAdder unanswered = new LongAdder();

        RiskCentre(int port) {
            this.address = "http://127.0.0.1:" + port + "/banks/";
        }

        /** The risk of a bank, from 0 to 12, if the centre tells. */
        OptionalInt risk(String bank) throws InterruptedException {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) { // <- cost
                OptionalInt answer = ask(bank); // <- cost
                if (answer.isPresent()) {
                    return answer;
                }
                if (attempt < ATTEMPTS) {
                    Thread.sleep(20L * attempt); // <- cost
                }
            }
            unanswered.increment();
            return OptionalInt.empty();
        }

        private OptionalInt ask(String bank) throws InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(address + bank)).timeout(Duration.ofSeconds(1)).build();
            try {
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString()); // <- cost
                return answer.statusCode() == 200 ? parse(answer.body()) : OptionalInt.empty();
            } catch (IOException problem) {
                return OptionalInt.empty();
            }
        }

        private static OptionalInt parse(String body) {
            String digits = body.strip();
            return DIGITS.matcher(digits).matches() ? OptionalInt.of(Math.min(12, Integer.parseInt(digits))) : OptionalInt.empty();
        }
    }

    /** The bank's own knowledge: risks by country, and names on the sanctions lists, as the sets of their words. */
    static final class OwnList {
        private final Map<String, Integer> countries = new HashMap<>();
        private final Set<Set<String>> names = new HashSet<>();

        OwnList() {
            Random chance = new Random(5);
            for (String country : COUNTRIES) {
                countries.put(country, chance.nextInt(8));
            }
            for (int number = 0; number < 4000; number++) {
                names.add(words(name(chance, 400)));
            }
        }

        int risk(String bank) {
            return countries.getOrDefault(bank.substring(4, 6), 12);
        }

        boolean names(String receiver) {
            return names.contains(words(receiver));
        }

        private static Set<String> words(String name) {
            Set<String> words = new HashSet<>();
            for (String word : name.toLowerCase(Locale.ROOT).split(" ")) {
                words.add(word);
            }
            return words;
        }
    }

    static final class Screening {
        private final RiskCentre centre;
        private final OwnList own = new OwnList();
        final LongAdder[] decisions = {new LongAdder(), new LongAdder(), new LongAdder()};
        final LongAdder nanos = new LongAdder();

        Screening(RiskCentre centre) {
            this.centre = centre;
        }

        Decision screen(Payment payment) throws InterruptedException {
            if (own.names(payment.receiver())) {
                return Decision.STOP;
            }
            OptionalInt told = centre.risk(payment.bank()); // <- cost
            int risk = told.isPresent() ? told.getAsInt() : own.risk(payment.bank());
            long limit = 5_000_000L / (1 + risk);
            return payment.cents() > limit ? Decision.FOUR_EYES : Decision.PASS;
        }

        void desk(BlockingQueue<Payment> waiting) {
            try {
                while (true) {
                    Payment payment = waiting.take();
                    Decision decision = screen(payment); // <- cost
                    decisions[decision.ordinal()].increment();
                    nanos.add(System.nanoTime() - payment.received());
                }
            } catch (InterruptedException end) {
                Thread.currentThread().interrupt();
            }
        }

        String state() {
            long all = 0;
            StringBuilder text = new StringBuilder();
            for (Decision decision : Decision.values()) {
                long count = decisions[decision.ordinal()].sum();
                all += count;
                text.append(decision).append(' ').append(count).append('\n');
            }
            text.append("without the centre ").append(centre.unanswered.sum()).append('\n');
            return text.append(nanos.sum() / Math.max(1, all) / 1000).append(" us each\n").toString();
        }
    }

    private static String name(Random chance, int most) {
        return "Given" + chance.nextInt(most) + " Middle" + chance.nextInt(3) + " Family" + chance.nextInt(most);
    }

    /** Where the centre's gateway in this house should be listening. */
    private static int gatewayPort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("screening");
        Screening screening = new Screening(new RiskCentre(gatewayPort()));
        BlockingQueue<Payment> waiting = new ArrayBlockingQueue<>(400);
        for (int desk = 0; desk < DESKS; desk++) {
            Thread thread = new Thread(() -> screening.desk(waiting), "desk-" + desk);
            thread.setDaemon(true);
            thread.start();
        }
        Random chance = new Random(19);
        long due = System.nanoTime();
        for (long number = 1;; number++) {
            String bank = "BK" + (10 + chance.nextInt(30)) + COUNTRIES[chance.nextInt(COUNTRIES.length)];
            waiting.put(new Payment(number, name(chance, 2000), bank, 100 + chance.nextInt(2_000_000), System.nanoTime()));
            if (number == PAYMENTS_A_SECOND) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (number % (3 * PAYMENTS_A_SECOND) == 0) {
                Files.writeString(folder.resolve("state.txt"), screening.state());
            }
            due += 1_000_000_000L / PAYMENTS_A_SECOND;
            Thread.sleep(Math.max(0, (due - System.nanoTime()) / 1_000_000));
        }
    }
}
