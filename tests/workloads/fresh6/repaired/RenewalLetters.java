// expect: healthy bench
// Writes the letters with which an insurance company offers the next year to its customers, in their languages: works out
// the new premium from the claims of the last years, and fills the texts in.
// Measured: 135,000 letters for each second of a core, 45,000 in the twin.

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

public class RenewalLetters {
    enum Cover { HOUSEHOLD, LIABILITY, MOTOR, LEGAL, TRAVEL }

    record Policy(long number, String holder, Cover cover, Locale locale, double premium, int[] claims, long expires) {}

    record Offer(Policy policy, double premium, double change) {}

    /** Hands the policies over that end this month, as the main system does. */
    static class Portfolio {
        private static final String[] NAMES = {"Aalto", "Berger", "Conti", "Dubois", "Eriksen", "Farkas", "Gruber"};
        private static final Locale[] LOCALES = {Locale.GERMANY, Locale.FRANCE, Locale.ITALY, Locale.UK};
        private final SplittableRandom random = new SplittableRandom(12);
        private long number = 400_000;

        List<Policy> next(int count) {
            List<Policy> policies = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                int[] claims = new int[5];
                for (int year = 0; year < claims.length; year++) {
                    claims[year] = random.nextInt(8) == 0 ? random.nextInt(200, 6000) : 0;
                }
                Cover cover = Cover.values()[random.nextInt(Cover.values().length)];
                String holder = NAMES[random.nextInt(NAMES.length)];
                long expires = 1_790_000_000_000L + random.nextInt(30) * 86_400_000L;
                policies.add(new Policy(number++, holder, cover, LOCALES[random.nextInt(LOCALES.length)],
                        random.nextDouble(60, 900), claims, expires));
            }
            return policies;
        }
    }

    /** The premium of the next year: experience of five years, and the index of the cover. */
    static class Tariff {
        private static final double[] WEIGHTS = {0.1, 0.15, 0.2, 0.25, 0.3};
        private final Map<Cover, Double> index = new EnumMap<>(Cover.class);

        Tariff() {
            double rise = 1.01;
            for (Cover cover : Cover.values()) {
                index.put(cover, rise += 0.008);
            }
        }

        Offer offer(Policy policy) {
            double burden = 0;
            for (int year = 0; year < WEIGHTS.length; year++) {
                burden += WEIGHTS[year] * policy.claims()[year];
            }
            double experience = Math.max(0.85, Math.min(1.6, 0.9 + burden / (8 * policy.premium())));
            double premium = Math.round(policy.premium() * experience * index.get(policy.cover()) * 100) / 100.0;
            return new Offer(policy, premium, premium / policy.premium() - 1);
        }
    }

    static class Letters {
        private static final Map<String, String> TEXTS = Map.of(
                "de", "Guten Tag {0},\nIhr Vertrag Nr. {1,number,000000} endet am {2,date,long}. Der neue Beitrag ist "
                        + "{3,number,#,##0.00} EUR ({4,number,+0.0%;-0.0%}).\n",
                "fr", "Bonjour {0},\nvotre contrat no {1,number,000000} expire le {2,date,long}. La nouvelle prime est "
                        + "de {3,number,#,##0.00} EUR ({4,number,+0.0%;-0.0%}).\n",
                "it", "Buongiorno {0},\nil contratto n. {1,number,000000} scade il {2,date,long}. Il nuovo premio: "
                        + "{3,number,#,##0.00} EUR ({4,number,+0.0%;-0.0%}).\n",
                "en", "Dear {0},\nyour policy no. {1,number,000000} ends on {2,date,long}. The new premium is "
                        + "{3,number,#,##0.00} EUR ({4,number,+0.0%;-0.0%}).\n");

        private final Map<Locale, MessageFormat> formats = new HashMap<>();

        String write(Offer offer) {
            Policy policy = offer.policy();
            MessageFormat text = formats.computeIfAbsent(policy.locale(),
                    locale -> new MessageFormat(TEXTS.get(locale.getLanguage()), locale));
            return text.format(new Object[] {
                policy.holder(), policy.number(), new Date(policy.expires()), offer.premium(), offer.change()
            });
        }
    }

    /** What goes to the printer: a file for each bundle, eight of them in turn. */
    static class Printer {
        private final StringBuilder bundle = new StringBuilder();
        private int bundles;

        void add(String letter) {
            bundle.append(letter).append('\f');
        }

        void send() throws IOException {
            Files.writeString(Path.of("bundle-" + bundles++ % 8 + ".txt"), bundle, StandardCharsets.UTF_8);
            bundle.setLength(0);
        }
    }

    public static void main(String[] arguments) throws IOException {
        Portfolio portfolio = new Portfolio();
        Tariff tariff = new Tariff();
        Letters letters = new Letters();
        Printer printer = new Printer();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        long began = System.nanoTime();
        long written = 0;
        for (int day = 1;; day++) {
            double income = 0;
            for (Policy policy : portfolio.next(500)) {
                Offer offer = tariff.offer(policy);
                income += offer.premium();
                printer.add(letters.write(offer));
                written++;
            }
            printer.send();
            if (day % 100 == 0) {
                double seconds = (System.nanoTime() - began) / 1e9;
                Files.writeString(Path.of("letters.log"),
                        "%.0f letters a second, %.2f of income%n".formatted(written / seconds, income));
            }
        }
    }
}
