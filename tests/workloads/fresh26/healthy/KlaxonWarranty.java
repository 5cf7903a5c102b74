// expect: healthy bench
// Warranty claims for klaxons: garages send their claims in collected files; every two seconds one is settled, claim by
// claim, against the register of sold klaxons, and a credit note is written for each garage. Between the files it waits.

import java.io.BufferedWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class KlaxonWarranty {
    static final int KLAXONS = 40_000;
    static final int CLAIMS = 12_000;
    static final LocalDate TODAY = LocalDate.of(2025, 2, 3);

    enum Fault {
        MEMBRANE("0.80"),
        HORN("0.35"),
        MOTOR("1.00"),
        RELAY("0.25");

        final BigDecimal share;

        Fault(String share) {
            this.share = new BigDecimal(share);
        }
    }

    record Klaxon(int serial, LocalDate sold, int months, BigDecimal price) {
        boolean covered(LocalDate day) {
            return !day.isAfter(sold.plusMonths(months));
        }
    }

    record Claim(int serial, int garage, Fault fault, int minutes) {}

    /** What one garage gets. */
    static class Credit {
        int accepted;
        int refused;
        BigDecimal parts = BigDecimal.ZERO;
        long minutes;

        void add(BigDecimal part, int spent) {
            accepted++;
            parts = parts.add(part);
            minutes += spent;
        }

        BigDecimal total() {
            BigDecimal work = BigDecimal.valueOf(minutes * 72, 2);
            return parts.add(work).setScale(2, RoundingMode.HALF_EVEN);
        }
    }

    static class Settlement {
        private final Map<Integer, Klaxon> register;

        Settlement(Map<Integer, Klaxon> register) {
            this.register = register;
        }

        Map<Integer, Credit> settle(List<Claim> claims) {
            Map<Integer, Credit> credits = new TreeMap<>();
            for (Claim claim : claims) {
                Credit credit = credits.computeIfAbsent(claim.garage(), garage -> new Credit());
                Klaxon klaxon = register.get(claim.serial());
                if (klaxon == null || !klaxon.covered(TODAY)) {
                    credit.refused++;
                    continue;
                }
                credit.add(klaxon.price().multiply(claim.fault().share), Math.min(claim.minutes(), 90));
            }
            return credits;
        }

        void write(Map<Integer, Credit> credits, Path path) throws IOException {
            Path fresh = path.resolveSibling(path.getFileName() + ".new");
            try (BufferedWriter out = Files.newBufferedWriter(fresh, StandardCharsets.UTF_8)) {
                out.write("garage;accepted;refused;credit\n");
                for (Map.Entry<Integer, Credit> entry : credits.entrySet()) {
                    Credit credit = entry.getValue();
                    out.write(entry.getKey() + ";" + credit.accepted + ";" + credit.refused + ";" + credit.total() + "\n");
                }
            }
            Files.move(fresh, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    static Map<Integer, Klaxon> register() {
        Random chance = new Random(31);
        Map<Integer, Klaxon> all = new HashMap<>(KLAXONS * 2);
        for (int i = 0; i < KLAXONS; i++) {
            int serial = 500_000 + i * 3;
            LocalDate sold = TODAY.minusDays(chance.nextInt(1_500));
            BigDecimal price = BigDecimal.valueOf(1_900 + chance.nextInt(7_000), 2);
            all.put(serial, new Klaxon(serial, sold, chance.nextBoolean() ? 24 : 36, price));
        }
        return all;
    }

    /** What the garages have collected. */
    static List<Claim> collected(Random chance) {
        Fault[] faults = Fault.values();
        List<Claim> claims = new ArrayList<>(CLAIMS);
        for (int i = 0; i < CLAIMS; i++) {
            int serial = 500_000 + chance.nextInt(KLAXONS) * 3 + (i % 200 == 0 ? 1 : 0);
            claims.add(new Claim(serial, chance.nextInt(350), faults[chance.nextInt(faults.length)], 10 + chance.nextInt(120)));
        }
        return claims;
    }

    public static void main(String[] args) throws Exception {
        Settlement settlement = new Settlement(register());
        BlockingQueue<List<Claim>> inbox = new LinkedBlockingQueue<>(3);
        Random chance = new Random(7);
        ScheduledExecutorService garages = Executors.newSingleThreadScheduledExecutor();
        garages.scheduleAtFixedRate(() -> inbox.offer(collected(chance)), 0, 2, TimeUnit.SECONDS);

        for (int file = 0; ; file++) {
            List<Claim> claims = inbox.take();
            settlement.write(settlement.settle(claims), Path.of("credits-" + file % 10 + ".csv"));
            if (file == 1) {
                System.out.println("ready " + ProcessHandle.current().pid());
                System.out.flush();
            }
        }
    }
}
