// expect: pattern=hot-loop bench
// The wages office of a hop farm: tallymen note the bushels that every token has put into the bins of a garden, and
// the office, the gardens' foremen and the pickers' camp ask over HTTP for the wages of a garden's day.
//
// Measured: 60 slips a second, 9 to 16 ms each, 52 % of a core; in the twin 1.2 ms each, 5 % of a core.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class HopGardens {
    static final int GARDENS = 8;
    static final int DAYS = 6;
    static final int PICKERS = 950;
    static final int TALLIES = 720;
    static final String[] VARIETIES = {"Fuggle", "Golding", "Bramling Cross", "Northdown", "Progress", "Challenger"};

    record Picker(int number, String token, String name, String camp, boolean apprentice) {}

    record Tally(String token, int bin, int bushels, double wet) {}

    record Sheet(int garden, int day, String variety, List<Tally> tallies) {}

    record Wage(Picker picker, int bushels, long pence) {}

    /** Who picks this season, and under which token. */
    static class Roster {
        private final List<Picker> pickers;

        Roster(List<Picker> pickers) {
            this.pickers = List.copyOf(pickers);
        }

        int size() {
            return pickers.size();
        }

        Optional<Picker> holder(String token) {
            return pickers.stream().filter(picker -> picker.token().equals(token)).findFirst(); // <- cost
        }

        static Roster hire(int number, Random chance) {
            List<Picker> pickers = new ArrayList<>(number);
            for (int n = 0; n < number; n++) {
                String token = String.format(Locale.ROOT, "HG%05d%c", 7919L * n % 99991, 'A' + n % 23);
                pickers.add(new Picker(n, token, "picker " + chance.nextInt(100_000), "camp " + n % 5, n % 11 == 0));
            }
            return new Roster(pickers);
        }
    }

    /** The tallymen's sheets, one for each garden and day; scratched out tokens are on them, too. */
    static class TallyBook {
        private final Map<String, Sheet> sheets = new LinkedHashMap<>();

        TallyBook(Roster roster, List<Picker> pickers, Random chance) {
            for (int garden = 0; garden < GARDENS; garden++) {
                for (int day = 0; day < DAYS; day++) {
                    List<Tally> tallies = new ArrayList<>(TALLIES);
                    for (int n = 0; n < TALLIES; n++) {
                        String token = n % 120 == 7 ? "XX" + n : pickers.get(chance.nextInt(roster.size())).token();
                        tallies.add(new Tally(token, chance.nextInt(40), 2 + chance.nextInt(9), chance.nextDouble()));
                    }
                    String variety = VARIETIES[(garden + day) % VARIETIES.length];
                    sheets.put(garden + "/" + day, new Sheet(garden, day, variety, tallies));
                }
            }
        }

        Iterable<Sheet> all() {
            return sheets.values();
        }

        Optional<Sheet> sheet(String garden, String day) {
            return Optional.ofNullable(sheets.get(garden + "/" + day));
        }
    }

    /** What a bushel is worth: by variety, less for wet hops, and an apprentice's share goes to the camp. */
    static class Tariff {
        private final Map<String, Integer> pence = new LinkedHashMap<>();

        Tariff() {
            for (int n = 0; n < VARIETIES.length; n++) {
                pence.put(VARIETIES[n], 118 + 9 * n);
            }
        }

        long of(String variety, Tally tally, Picker picker) {
            double gross = tally.bushels() * pence.getOrDefault(variety, 120);
            if (tally.wet() > 0.7) {
                gross *= 1.35 - tally.wet() / 2;
            }
            return Math.round(picker.apprentice() ? gross * 0.8 : gross);
        }
    }

    static class WagesOffice {
        private final Roster roster;
        private final Tariff tariff;
        final LongAdder strayTokens = new LongAdder();

        WagesOffice(Roster roster, Tariff tariff) {
            this.roster = roster;
            this.tariff = tariff;
        }

        List<Wage> settle(Sheet sheet) {
            Map<Integer, Wage> wages = new LinkedHashMap<>();
            for (Tally tally : sheet.tallies()) {
                Optional<Picker> picker = roster.holder(tally.token()); // <- cost
                if (picker.isEmpty()) {
                    strayTokens.increment();
                    continue;
                }
                long pence = tariff.of(sheet.variety(), tally, picker.get());
                wages.merge(picker.get().number(), new Wage(picker.get(), tally.bushels(), pence),
                        (a, b) -> new Wage(a.picker(), a.bushels() + b.bushels(), a.pence() + b.pence()));
            }
            List<Wage> settled = new ArrayList<>(wages.values());
            settled.sort(Comparator.comparingLong(Wage::pence).reversed());
            return settled;
        }

        int[] bins(Sheet sheet) {
            int[] bushels = new int[40];
            for (Tally tally : sheet.tallies()) {
                bushels[tally.bin()] += tally.bushels();
            }
            return bushels;
        }

        String slip(Sheet sheet) {
            List<Wage> wages = settle(sheet);
            StringBuilder text = new StringBuilder(4096);
            text.append("garden ").append(sheet.garden()).append(", day ").append(sheet.day());
            text.append(", ").append(sheet.variety()).append('\n');
            StringJoiner bins = new StringJoiner(" ", "bins ", "\n");
            for (int bushels : bins(sheet)) {
                bins.add(Integer.toString(bushels));
            }
            text.append(bins);
            long total = 0;
            for (Wage wage : wages) {
                total += wage.pence();
            }
            text.append(wages.size()).append(" pickers, ").append(total).append(" pence\n");
            for (Wage wage : wages.subList(0, Math.min(60, wages.size()))) {
                text.append(wage.picker().name()).append('\t').append(wage.picker().camp()).append('\t');
                text.append(wage.bushels()).append('\t').append(wage.pence()).append('\n');
            }
            return text.toString();
        }
    }

    static class WagesResource {
        private final TallyBook book;
        private final WagesOffice office;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        WagesResource(TallyBook book, WagesOffice office) {
            this.book = book;
            this.office = office;
        }

        /** So that the first who ask do not wait for the compiler. */
        long warmUp() {
            long letters = 0;
            for (int round = 0; round < 8; round++) {
                for (Sheet sheet : book.all()) {
                    letters += office.slip(sheet).length();
                }
            }
            office.strayTokens.reset();
            return letters;
        }

        void get(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/"); // "", "wages", garden, day
            Optional<Sheet> sheet = parts.length == 4 ? book.sheet(parts[2], parts[3]) : Optional.empty();
            byte[] body = sheet.map(office::slip).orElse("no such sheet\n").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(sheet.isPresent() ? 200 : 404, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
            served.increment();
            spent.add(System.nanoTime() - began);
        }
    }

    /** Those who ask, in a process of their own: so many a second, whatever happens here. */
    static void askers(int port, int rate) throws IOException, InterruptedException {
        StringJoiner paths = new StringJoiner(",");
        for (int n = 0; n < GARDENS * DAYS; n++) {
            paths.add("/wages/" + n / DAYS + "/" + n % DAYS);
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths + ",/wages/9/9", "" + rate, "6")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Roster roster = Roster.hire(PICKERS, new Random(5));
        WagesOffice office = new WagesOffice(roster, new Tariff());
        WagesResource resource = new WagesResource(new TallyBook(roster, roster.pickers, new Random(17)), office);
        if (resource.warmUp() == 0) {
            throw new IllegalStateException("no sheets");
        }
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/wages/", resource::get);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        askers(server.getAddress().getPort(), 60);
        while (resource.served.sum() < 200) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            long served = resource.served.sum();
            System.err.printf("%d served, %.2f ms each, %d stray tokens%n", served,
                    resource.spent.sum() / 1e6 / served, office.strayTokens.sum());
        }
    }
}
