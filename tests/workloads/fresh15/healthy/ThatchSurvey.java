// expect: healthy bench
// Searches the surveyors' notes on thatched roofs: a surveyor writes a search of their own as a regular expression,
// the archive compiles it (each is another one), reads it against the notes of a county, asks the county's register
// for the standing of the roof found, and answers with a letter. Some searches come again, and are answered from a
// bounded cache.
//
// Each search compiles its own pattern; the 24 clerks mostly wait for registers that take 25 ms, and none waits for a
// clerk; the cache is full after some seconds and stays so; the letter is written into one builder.
// Measured: 7498 searches in 60 s, 3186 of them from the cache; CPU 5.8 s of 65 s.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

public class ThatchSurvey {
    static final int CLERKS = 24;
    static final int CACHED = 400;

    record Note(String roof, String text) {}

    record Search(String county, String expression) {}

    record Found(List<Note> notes, String standing) {}

    /** Keeps the answers last asked for. */
    static class Answers {
        private final Map<Search, Found> kept = new LinkedHashMap<>(CACHED * 2, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Search, Found> eldest) {
                return size() > CACHED;
            }
        };

        synchronized Found get(Search search) {
            return kept.get(search);
        }

        synchronized void put(Search search, Found found) {
            kept.put(search, found);
        }

        synchronized int size() {
            return kept.size();
        }
    }

    static class Register {
        private final HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
        private final String base;

        Register(String base) {
            this.base = base;
        }

        String standing(String county, String roof) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/" + county + "/" + roof))
                    .timeout(Duration.ofSeconds(5)).build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    static class Archive {
        private final Map<String, List<Note>> counties;
        private final Register register;
        private final Answers answers = new Answers();
        final AtomicLong asked = new AtomicLong();
        final AtomicLong again = new AtomicLong();
        final AtomicLong characters = new AtomicLong();

        Archive(Map<String, List<Note>> counties, Register register) {
            this.counties = counties;
            this.register = register;
        }

        private Found look(Search search) throws IOException, InterruptedException {
            Pattern pattern = Pattern.compile(search.expression());
            List<Note> hits = new ArrayList<>();
            for (Note note : counties.get(search.county())) {
                if (pattern.matcher(note.text()).find()) {
                    hits.add(note);
                }
            }
            String standing = hits.isEmpty() ? "" : register.standing(search.county(), hits.get(0).roof());
            return new Found(List.copyOf(hits), standing);
        }

        private String letter(Search search, Found found) {
            StringBuilder letter = new StringBuilder(96 + found.notes().size() * 100);
            letter.append("To ").append(search.expression()).append(" in ").append(search.county()).append(":\n");
            for (Note note : found.notes()) {
                letter.append(note.roof()).append(": ").append(note.text()).append('\n');
            }
            return letter.append(found.standing()).toString();
        }

        void answer(Search search) {
            try {
                Found found = answers.get(search);
                if (found == null) {
                    found = look(search);
                    answers.put(search, found);
                } else {
                    again.incrementAndGet();
                }
                characters.addAndGet(letter(search, found).length());
                asked.incrementAndGet();
            } catch (IOException broken) {
                System.err.println(search + ": " + broken);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public String toString() {
            return asked + " searches, " + again + " again, " + answers.size() + " kept, " + characters + " characters";
        }
    }

    /** The surveyors: every third search is one that was made before. */
    static class Surveyors implements Runnable {
        private static final String[] WHAT = {"ridge", "spar", "reed", "eaves", "moss", "sedge", "ligger", "valley"};
        private final Random random = new Random(5);
        private final String[] counties;
        private final Archive archive;
        private final ExecutorService clerks;
        private final List<Search> earlier = new ArrayList<>();

        Surveyors(String[] counties, Archive archive, ExecutorService clerks) {
            this.counties = counties;
            this.archive = archive;
            this.clerks = clerks;
        }

        private Search next() {
            if (earlier.size() == 60 && random.nextInt(3) == 0) {
                return earlier.get(random.nextInt(60));
            }
            String expression = WHAT[random.nextInt(WHAT.length)] + ".*\\b" + random.nextInt(40) + "\\s?(mm|cm)\\b";
            Search search = new Search(counties[random.nextInt(counties.length)], expression);
            if (earlier.size() == 60) {
                earlier.set(random.nextInt(60), search);
            } else {
                earlier.add(search);
            }
            return search;
        }

        @Override
        public void run() {
            Search search = next();
            clerks.execute(() -> archive.answer(search));
        }
    }

    static Map<String, List<Note>> notes(String[] counties) {
        Random random = new Random(3);
        Map<String, List<Note>> all = new LinkedHashMap<>();
        for (String county : counties) {
            List<Note> notes = new ArrayList<>();
            for (int roof = 0; roof < 300; roof++) {
                String what = Surveyors.WHAT[random.nextInt(Surveyors.WHAT.length)];
                int left = random.nextInt(40);
                notes.add(new Note("roof-" + roof, what + " worn by weather on the north slope, " + left + " mm left"));
            }
            all.put(county, List.copyOf(notes));
        }
        return Map.copyOf(all);
    }

    public static void main(String[] arguments) throws Exception {
        Process process = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "25")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String base;
        try (BufferedReader told = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            base = "http://127.0.0.1:" + told.readLine().trim();
        }
        String[] counties = {"devon", "dorset", "norfolk", "suffolk", "kerry", "clare", "fyn", "drenthe"};
        Archive archive = new Archive(notes(counties), new Register(base));
        ExecutorService clerks = Executors.newFixedThreadPool(CLERKS);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(new Surveyors(counties, archive, clerks), 20, 8, TimeUnit.MILLISECONDS);
        clock.scheduleAtFixedRate(() -> System.err.println(archive), 10, 10, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
