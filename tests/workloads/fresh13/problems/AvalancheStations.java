// expect: pattern=pool-undersized bench
// Collects the snow stations of an avalanche warning service: every second 40 stations are asked for their newest
// readings over HTTP (60 ms each), and a danger level is worked out for each massif from what came.
// Measured: a round of 40 stations takes 1340 to 1590 ms, 230 to 270 ms with the repaired pool (up to 840 on a machine that
// was full of other work); the process uses a tenth of a core in both.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class AvalancheStations {
    enum Massif { ARAVIS, BEAUFORTAIN, VANOISE, BELLEDONNE, OISANS, QUEYRAS }

    record Station(String name, Massif massif, int altitude) {}

    record Reading(Station station, double newSnow, double wind, double temperature) {}

    /** The network of stations, as far as it is asked over the mobile network. */
    static final class Gateway {
        private static final Pattern PRICE = Pattern.compile("\"price\": (\\d+)");
        private static final Pattern STOCK = Pattern.compile("\"stock\": (\\d+)");
        private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
        private final String base;

        Gateway(int port) {
            base = "http://127.0.0.1:" + port + "/stations/";
        }

        Reading read(Station station) throws IOException, InterruptedException {
            HttpRequest asked = HttpRequest.newBuilder(URI.create(base + station.name()))
                .timeout(Duration.ofSeconds(5)).build();
            String body = client.send(asked, HttpResponse.BodyHandlers.ofString()).body(); // <- cost
            double snow = number(PRICE, body) / 10.0;
            double wind = number(STOCK, body) * 4.0;
            return new Reading(station, snow, wind, 2 - station.altitude() * 0.0065 + snow / 50);
        }

        private static int number(Pattern field, String body) throws IOException {
            Matcher found = field.matcher(body);
            if (!found.find()) {
                throw new IOException("no " + field + " in " + body);
            }
            return Integer.parseInt(found.group(1));
        }
    }

    /** Threads for the calls to the stations: few at night, up to 24 when all of them report. */
    static ExecutorService stationCalls() {
        return new ThreadPoolExecutor(2, 24, 60, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> { // <- cost
            Thread thread = new Thread(work, "station-call");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** One round over all stations, and the bulletin made of it. */
    static final class Collector implements Runnable {
        private final List<Station> stations;
        private final Gateway gateway;
        private final ExecutorService calls;
        private volatile Map<Massif, Integer> bulletin = Map.of();
        private long rounds;

        Collector(List<Station> stations, Gateway gateway, ExecutorService calls) {
            this.stations = stations;
            this.gateway = gateway;
            this.calls = calls;
        }

        @Override
        public void run() {
            try {
                List<Callable<Reading>> asked = new ArrayList<>();
                for (Station station : stations) {
                    asked.add(() -> gateway.read(station));
                }
                List<Reading> readings = new ArrayList<>();
                for (Future<Reading> answer : calls.invokeAll(asked)) { // <- cost
                    try {
                        readings.add(answer.get());
                    } catch (ExecutionException failed) {
                        System.err.println("station: " + failed.getCause());
                    }
                }
                bulletin = levels(readings);
                rounds++;
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }

        private static Map<Massif, Integer> levels(List<Reading> readings) {
            Map<Massif, Integer> levels = new EnumMap<>(Massif.class);
            for (Massif massif : Massif.values()) {
                double load = 0;
                int count = 0;
                for (Reading reading : readings) {
                    if (reading.station().massif() == massif) {
                        load += drift(reading);
                        count++;
                    }
                }
                levels.put(massif, count == 0 ? 0 : (int) Math.max(1, Math.min(5, load / count / 20)));
            }
            return levels;
        }

        /** Snow moved onto a lee slope over a night, in steps of a minute. */
        private static double drift(Reading reading) {
            double depth = reading.newSnow();
            for (int minute = 0; minute < 720; minute++) {
                double gust = reading.wind() * (1 + 0.4 * Math.sin(minute / 17.0));
                depth += 1e-5 * gust * gust * Math.exp(reading.temperature() / 10) - depth * 1e-4;
            }
            return depth;
        }
    }

    static int startStations() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "60")
            .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    public static void main(String[] words) throws Exception {
        List<Station> stations = new ArrayList<>();
        for (int number = 0; number < 40; number++) {
            Massif massif = Massif.values()[number % Massif.values().length];
            stations.add(new Station(massif.name().toLowerCase() + "-" + number, massif, 1400 + number * 23));
        }
        Collector collector = new Collector(stations, new Gateway(startStations()), stationCalls());
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(collector, 0, 1, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        Thread.currentThread().join();
    }
}
