// expect: healthy bench
// Screens the recordings that bat detectors along a planned motorway brought home: each is cut into windows, transformed,
// and its strongest calls are told to a species by their peak frequency. A rover brings 32 recordings at a time.
// Measured: a recording waits 54 to 64 % (mean 57 %) of the time that its upload takes for its verdict (with a thread for
// each recording 74 to 93 %), and two threads compute.
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

public class BatCallSurvey {
    static final int SAMPLE_RATE = 192_000;
    static final int WINDOW = 1024;
    static final int HOP = 96;
    static final int UPLOAD = 32;

    enum Species { NOCTULE, SEROTINE, PIPISTRELLE, SOPRANO, HORSESHOE, NONE }

    record Recording(String detector, long taken, float[] samples) {}

    record Verdict(String detector, Map<Species, Integer> calls, long waitedMillis) {}

    /** Windowed transform of one thread; keeps its arrays. */
    static final class Transform {
        private static final double[] COS = new double[WINDOW / 2];
        private static final double[] SIN = new double[WINDOW / 2];
        private static final double[] HANN = new double[WINDOW];
        final double[] re = new double[WINDOW];
        final double[] im = new double[WINDOW];

        static {
            for (int i = 0; i < WINDOW / 2; i++) {
                COS[i] = Math.cos(2 * Math.PI * i / WINDOW);
                SIN[i] = -Math.sin(2 * Math.PI * i / WINDOW);
            }
            for (int i = 0; i < WINDOW; i++) {
                HANN[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / (WINDOW - 1));
            }
        }

        void load(float[] samples, int from) {
            int shift = 32 - Integer.numberOfTrailingZeros(WINDOW);
            for (int i = 0; i < WINDOW; i++) {
                int to = Integer.reverse(i) >>> shift;
                re[to] = samples[from + i] * HANN[i];
                im[to] = 0;
            }
        }

        void run() {
            for (int half = 1; half < WINDOW; half <<= 1) {
                int step = WINDOW / (2 * half);
                for (int start = 0; start < WINDOW; start += 2 * half) {
                    for (int k = 0; k < half; k++) {
                        int a = start + k;
                        int b = a + half;
                        double c = COS[k * step];
                        double s = SIN[k * step];
                        double tr = re[b] * c - im[b] * s;
                        double ti = re[b] * s + im[b] * c;
                        re[b] = re[a] - tr;
                        im[b] = im[a] - ti;
                        re[a] += tr;
                        im[a] += ti;
                    }
                }
            }
        }

        /** Frequency of the strongest bin above the wind, or 0 where nothing calls. */
        double peak(double threshold) {
            int best = -1;
            double most = threshold;
            for (int bin = 12_000 * WINDOW / SAMPLE_RATE; bin < WINDOW / 2; bin++) {
                double power = re[bin] * re[bin] + im[bin] * im[bin];
                if (power > most) {
                    most = power;
                    best = bin;
                }
            }
            return best < 0 ? 0 : (double) best * SAMPLE_RATE / WINDOW;
        }
    }

    private static final ThreadLocal<Transform> TRANSFORMS = ThreadLocal.withInitial(Transform::new);

    static Species tell(double hertz) {
        if (hertz == 0) return Species.NONE;
        if (hertz < 23_000) return Species.NOCTULE;
        if (hertz < 32_000) return Species.SEROTINE;
        if (hertz < 49_500) return Species.PIPISTRELLE;
        return hertz < 62_000 ? Species.SOPRANO : Species.HORSESHOE;
    }

    static Verdict screen(Recording recording) {
        Transform transform = TRANSFORMS.get();
        Map<Species, Integer> calls = new EnumMap<>(Species.class);
        Species before = Species.NONE;
        float[] samples = recording.samples();
        for (int from = 0; from + WINDOW <= samples.length; from += HOP) {
            transform.load(samples, from);
            transform.run();
            Species now = tell(transform.peak(900.0));
            if (now != before && now != Species.NONE) {
                calls.merge(now, 1, Integer::sum);
            }
            before = now;
        }
        return new Verdict(recording.detector(), calls, (System.nanoTime() - recording.taken()) / 1_000_000);
    }

    /** The desk that takes a rover's upload and keeps the tally of the survey. */
    static final class Desk {
        private final ExecutorService screeners = Executors.newFixedThreadPool(
                Integer.getInteger("survey.screeners", Math.min(2, Runtime.getRuntime().availableProcessors())));
        private final CompletionService<Verdict> verdicts = new ExecutorCompletionService<>(screeners);
        private final Map<Species, Integer> tally = new EnumMap<>(Species.class);
        final AtomicLong waited = new AtomicLong();
        final AtomicLong screened = new AtomicLong();

        void take(List<Recording> upload) throws InterruptedException {
            for (Recording recording : upload) {
                verdicts.submit(() -> screen(recording));
            }
            for (int left = upload.size(); left > 0; left--) {
                Future<Verdict> done = verdicts.take();
                try {
                    Verdict verdict = done.get();
                    verdict.calls().forEach((species, count) -> tally.merge(species, count, Integer::sum));
                    waited.addAndGet(verdict.waitedMillis());
                    screened.incrementAndGet();
                } catch (ExecutionException failed) {
                    System.err.println("recording not screened: " + failed.getCause());
                }
            }
        }
    }

    static float[] night(Random random) {
        float[] samples = new float[SAMPLE_RATE * 2];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) random.nextGaussian() * 0.2f;
        }
        for (int call = 0; call < 9; call++) {
            double hertz = 19_000 + random.nextInt(60_000);
            int start = random.nextInt(samples.length - 2000);
            for (int i = 0; i < 1600; i++) {
                samples[start + i] += (float) Math.sin(2 * Math.PI * hertz * i / SAMPLE_RATE);
            }
        }
        return samples;
    }

    public static void main(String[] args) throws InterruptedException {
        Random random = new Random(5);
        List<float[]> nights = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            nights.add(night(random));
        }
        for (float[] samples : nights.subList(0, 3)) {
            screen(new Recording("warm-up", System.nanoTime(), samples));
        }
        Desk desk = new Desk();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        long due = System.nanoTime();
        while (true) {
            List<Recording> upload = new ArrayList<>();
            for (int i = 0; i < UPLOAD; i++) {
                upload.add(new Recording("D" + i, System.nanoTime(), nights.get(i % nights.size())));
            }
            desk.take(upload);
            due = Math.max(due + 2_500_000_000L, System.nanoTime());
            Thread.sleep(Math.max(0, (due - System.nanoTime()) / 1_000_000));
        }
    }
}
