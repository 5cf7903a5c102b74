// expect: healthy bench
// Listens to a meadow with sixty microphones and tells which crickets sing: each window of sound gets a Hann
// window and a Fourier transform in place, its bands are compared with the songs of known species, and the latest
// levels are kept in rings that were made at the start. The transforms are the work that there is: tables are made
// once, nothing is allocated.
//
// Measured: 1400 windows a second; 0.9 s CPU in 10 s (with the start of the JVM and the making of the sound).
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class CricketChorus {
    static final int SIZE = 2048;
    static final int HOP = SIZE / 2;
    static final int RATE = 24000;
    static final int BANDS = 48;
    static final int MICROPHONES = 60;

    /** A transform of a fixed size, with its tables. */
    static final class Transform {
        private final float[] cosines = new float[SIZE / 2];
        private final float[] sines = new float[SIZE / 2];
        private final int[] places = new int[SIZE];

        Transform() {
            for (int i = 0; i < SIZE / 2; i++) {
                cosines[i] = (float) Math.cos(2 * Math.PI * i / SIZE);
                sines[i] = (float) -Math.sin(2 * Math.PI * i / SIZE);
            }
            int bits = Integer.numberOfTrailingZeros(SIZE);
            for (int i = 0; i < SIZE; i++) {
                places[i] = Integer.reverse(i) >>> (32 - bits);
            }
        }

        void apply(float[] real, float[] imaginary) {
            for (int i = 0; i < SIZE; i++) {
                int other = places[i];
                if (other > i) {
                    float held = real[i];
                    real[i] = real[other];
                    real[other] = held;
                }
            }
            for (int half = 1; half < SIZE; half <<= 1) {
                int stride = SIZE / 2 / half;
                for (int start = 0; start < SIZE; start += half << 1) {
                    for (int k = 0; k < half; k++) {
                        int low = start + k;
                        int high = low + half;
                        float c = cosines[k * stride];
                        float s = sines[k * stride];
                        float re = real[high] * c - imaginary[high] * s;
                        float im = real[high] * s + imaginary[high] * c;
                        real[high] = real[low] - re;
                        imaginary[high] = imaginary[low] - im;
                        real[low] += re;
                        imaginary[low] += im;
                    }
                }
            }
        }
    }

    /** The songs that are known, as shares of the bands. */
    static final class Songs {
        static final String[] NAMES = {"field cricket", "wood cricket", "tree cricket", "bush cricket", "mole cricket"};
        private final float[][] shares = new float[NAMES.length][BANDS];

        Songs() {
            for (int song = 0; song < NAMES.length; song++) {
                double middle = 6.1 + song * 8.13;
                double sum = 0;
                for (int band = 0; band < BANDS; band++) {
                    double off = (band - middle) / (0.9 + song * 0.05);
                    shares[song][band] = (float) Math.exp(-off * off);
                    sum += shares[song][band] * shares[song][band];
                }
                for (int band = 0; band < BANDS; band++) {
                    shares[song][band] /= (float) Math.sqrt(sum);
                }
            }
        }

        int nearest(float[] levels) {
            double norm = 1e-9;
            for (float level : levels) {
                norm += level * level;
            }
            int best = -1;
            double most = 0.6 * Math.sqrt(norm);
            for (int song = 0; song < shares.length; song++) {
                double like = 0;
                for (int band = 0; band < BANDS; band++) {
                    like += levels[band] * shares[song][band];
                }
                if (like > most) {
                    most = like;
                    best = song;
                }
            }
            return best;
        }
    }

    /** What a microphone hears: two seconds of meadow that go round, since there is no meadow here. */
    static final class Microphone {
        private final float[] sound = new float[RATE * 2];
        private final float[] loudness = new float[600];
        private final int[] heard = new int[Songs.NAMES.length];
        private int at;
        private int windows;

        Microphone(Random random) {
            double pitch = 1500 + random.nextInt(Songs.NAMES.length) * 2000;
            for (int i = 0; i < sound.length; i++) {
                double chirp = Math.max(0, Math.sin(2 * Math.PI * i / RATE * 3));
                sound[i] = (float) (chirp * Math.sin(2 * Math.PI * pitch * i / RATE) + 0.05 * random.nextGaussian());
            }
            at = random.nextInt(sound.length);
        }

        void read(float[] into, float[] window) {
            int from = at;
            for (int i = 0; i < SIZE; i++) {
                into[i] = sound[from] * window[i];
                if (++from == sound.length) {
                    from = 0;
                }
            }
            at = (at + HOP) % sound.length;
        }

        void note(int song, float level) {
            loudness[windows++ % loudness.length] = level;
            if (song >= 0) {
                heard[song]++;
            }
        }
    }

    static final class Listener {
        private final Transform transform = new Transform();
        private final Songs songs = new Songs();
        private final float[] window = new float[SIZE];
        private final float[] real = new float[SIZE];
        private final float[] imaginary = new float[SIZE];
        private final float[] levels = new float[BANDS];
        private final Microphone[] microphones = new Microphone[MICROPHONES];
        private final AtomicLong windows = new AtomicLong();

        Listener(Random random) {
            for (int i = 0; i < SIZE; i++) {
                window[i] = (float) (0.5 - 0.5 * Math.cos(2 * Math.PI * i / SIZE));
            }
            for (int i = 0; i < MICROPHONES; i++) {
                microphones[i] = new Microphone(random);
            }
        }

        private float bands() {
            float sum = 0;
            int width = SIZE / 2 / BANDS;
            for (int band = 0; band < BANDS; band++) {
                float power = 0;
                for (int bin = band * width + 1; bin <= (band + 1) * width; bin++) {
                    power += real[bin] * real[bin] + imaginary[bin] * imaginary[bin];
                }
                levels[band] = (float) Math.sqrt(power);
                sum += power;
            }
            return sum;
        }

        void hear(Microphone microphone) {
            microphone.read(real, window);
            java.util.Arrays.fill(imaginary, 0);
            transform.apply(real, imaginary);
            float level = bands();
            microphone.note(songs.nearest(levels), level);
            windows.incrementAndGet();
        }

        void round() {
            for (Microphone microphone : microphones) {
                hear(microphone);
            }
        }

        long named() {
            long sum = 0;
            for (Microphone microphone : microphones) {
                for (int count : microphone.heard) {
                    sum += count;
                }
            }
            return sum;
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Listener listener = new Listener(new Random(12));
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(listener::round, 0, 1_000_000L * HOP / RATE, TimeUnit.MICROSECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(7000);
            System.err.println(listener.windows + " windows, " + listener.named() + " with a song");
        }
    }
}
