// expect: healthy bench
// The sound archive of a museum of natural history: recordings of bats and bush crickets from the museum's garden are cut
// into windows, each window's spectrum is taken, and the loudest calls are kept by species for the archive's keeper.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

public class NightCalls {
    private static final int WINDOW = 1024;
    private static final int BITS = 10;
    private static final int WINDOWS = 60; // in a recording
    private static final int LISTENERS = 2;
    private static final int RATE = 192_000;
    private static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int COMING = 12; // recordings within a period
    private static final int KEPT = 40;

    enum Species {
        BUSH_CRICKET(9_000, 16_000), NOCTULE(18_000, 26_000), SEROTINE(26_000, 34_000), PIPISTRELLE(42_000, 49_000),
        SOPRANO(52_000, 60_000);

        final int low;
        final int high;

        Species(int low, int high) {
            this.low = low * WINDOW / RATE;
            this.high = high * WINDOW / RATE;
        }
    }

    record Call(Species species, int garden, long recording, int window, double loudness) {
    }

    /** A recording; its samples are filled anew when it has been listened to. */
    static final class Recording {
        final float[] samples = new float[WINDOW * WINDOWS];
        long number;
        int garden;
    }

    /** The fast Fourier transform of one window, with tables that are made once. */
    static final class Spectrum {
        private final double[] cosine = new double[WINDOW / 2];
        private final double[] sine = new double[WINDOW / 2];
        private final double[] hann = new double[WINDOW];
        private final int[] reversed = new int[WINDOW];
        private final double[] real = new double[WINDOW];
        private final double[] imaginary = new double[WINDOW];

        Spectrum() {
            for (int at = 0; at < WINDOW; at++) {
                hann[at] = 0.5 - 0.5 * Math.cos(2 * Math.PI * at / WINDOW);
                reversed[at] = Integer.reverse(at) >>> (32 - BITS);
                if (at < WINDOW / 2) {
                    cosine[at] = Math.cos(2 * Math.PI * at / WINDOW);
                    sine[at] = -Math.sin(2 * Math.PI * at / WINDOW);
                }
            }
        }

        void take(float[] samples, int start) {
            for (int at = 0; at < WINDOW; at++) {
                int from = reversed[at];
                real[at] = samples[start + from] * hann[from];
                imaginary[at] = 0;
            }
            for (int half = 1, step = WINDOW / 2; half < WINDOW; half *= 2, step /= 2) {
                for (int block = 0; block < WINDOW; block += 2 * half) {
                    for (int k = 0; k < half; k++) {
                        turn(block + k, block + k + half, k * step);
                    }
                }
            }
        }

        private void turn(int upper, int lower, int angle) {
            double r = real[lower] * cosine[angle] - imaginary[lower] * sine[angle];
            double i = real[lower] * sine[angle] + imaginary[lower] * cosine[angle];
            real[lower] = real[upper] - r;
            imaginary[lower] = imaginary[upper] - i;
            real[upper] += r;
            imaginary[upper] += i;
        }

        double power(int low, int high) {
            double sum = 0;
            for (int at = low; at < high; at++) {
                sum += real[at] * real[at] + imaginary[at] * imaginary[at];
            }
            return sum / (high - low);
        }
    }

    /** The loudest calls of each species. */
    static final class Archive {
        private final Map<Species, PriorityQueue<Call>> loudest = new EnumMap<>(Species.class);

        Archive() {
            for (Species species : Species.values()) {
                loudest.put(species, new PriorityQueue<>(Comparator.comparingDouble(Call::loudness)));
            }
        }

        synchronized void offer(Call call) {
            PriorityQueue<Call> calls = loudest.get(call.species());
            calls.add(call);
            if (calls.size() > KEPT) {
                calls.poll();
            }
        }

        synchronized String list() {
            StringBuilder text = new StringBuilder(1024);
            loudest.forEach((species, calls) -> {
                text.append(species).append(": ").append(calls.size());
                calls.stream().max(Comparator.comparingDouble(Call::loudness)).ifPresent(call -> text.append(", loudest in ")
                        .append(call.recording()).append(" of garden ").append(call.garden()));
                text.append('\n');
            });
            return text.toString();
        }
    }

    private final BlockingQueue<Recording> heard = new ArrayBlockingQueue<>(2 * COMING);
    private final BlockingQueue<Recording> coming = new ArrayBlockingQueue<>(2 * COMING);
    private final Archive archive = new Archive();
    private final LongAdder listened = new LongAdder();

    /** One call at most of each species is taken from a recording: its loudest. */
    private void listen() {
        Spectrum spectrum = new Spectrum();
        Species[] all = Species.values();
        double[] best = new double[all.length];
        int[] where = new int[all.length];
        try {
            while (true) {
                Recording recording = coming.take();
                Arrays.fill(best, 0);
                for (int window = 0; window < WINDOWS; window++) {
                    spectrum.take(recording.samples, window * WINDOW);
                    double hush = spectrum.power(WINDOW / 3, WINDOW / 2) + 1e-9;
                    for (Species species : all) {
                        double loudness = spectrum.power(species.low, species.high) / hush;
                        if (loudness > best[species.ordinal()]) {
                            best[species.ordinal()] = loudness;
                            where[species.ordinal()] = window;
                        }
                    }
                }
                for (Species species : all) {
                    int at = species.ordinal();
                    if (best[at] > 8) {
                        archive.offer(new Call(species, recording.garden, recording.number, where[at], best[at]));
                    }
                }
                listened.increment();
                heard.put(recording);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static void record(Recording recording, long number, SplittableRandom chance) {
        recording.number = number;
        recording.garden = chance.nextInt(6);
        Species species = Species.values()[chance.nextInt(Species.values().length)];
        double turn = 2 * Math.PI * (species.low + species.high) / 2 / WINDOW;
        int from = chance.nextInt(recording.samples.length - 4 * WINDOW);
        long noise = chance.nextLong();
        for (int at = 0; at < recording.samples.length; at++) {
            noise = noise * 6364136223846793005L + 1442695040888963407L;
            recording.samples[at] = (noise >> 40) / 8_388_608f;
        }
        for (int at = from; at < from + 4 * WINDOW; at++) {
            recording.samples[at] += (float) Math.sin(turn * at);
        }
    }

    private void run() throws InterruptedException, IOException {
        for (int number = 0; number < 2 * COMING; number++) {
            heard.put(new Recording());
        }
        for (int number = 0; number < LISTENERS; number++) {
            Thread listener = new Thread(this::listen, "listener-" + number);
            listener.setDaemon(true);
            listener.start();
        }
        SplittableRandom chance = new SplittableRandom(1881);
        long due = System.nanoTime();
        for (long period = 1; ; period++) {
            for (int number = 0; number < COMING; number++) {
                Recording recording = heard.take();
                record(recording, period * COMING + number, chance);
                coming.put(recording);
            }
            if (period == 40) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (period % 40 == 0) {
                Files.writeString(Path.of("calls.txt"), listened.sum() + " recordings\n" + archive.list());
            }
            due = Math.max(due + PERIOD, System.nanoTime());
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    public static void main(String[] arguments) throws InterruptedException, IOException {
        new NightCalls().run();
    }
}
