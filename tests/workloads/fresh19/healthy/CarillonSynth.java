// bench: healthy
// Renders a carillon for a web radio: each quarter of a second the next block is mixed from the bells that sound, two
// workers for the cores compute it, and a few threads of other parts stand ready and wait for their queues.
// Measured: about 10 % of a core in the two workers, the same in each second; memory stays.
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;

public class CarillonSynth {
    static final int RATE = 96000;
    static final int BLOCK = RATE / 4;
    static final int VOICES = 47;
    static final double[] PARTIALS = {0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0};
    static final int TABLE = 4096;
    static final float[] SINE = new float[TABLE];

    static {
        for (int n = 0; n < TABLE; n++) {
            SINE[n] = (float) Math.sin(2 * Math.PI * n / TABLE);
        }
    }

    /** One bell: its partials die away one after the other. */
    static final class Voice implements Callable<float[]> {
        final float[] block = new float[BLOCK];
        final double[] phases = new double[PARTIALS.length];
        final float[] levels = new float[PARTIALS.length];
        double pitch = 220;

        void strike(double newPitch, float force) {
            pitch = newPitch;
            for (int p = 0; p < levels.length; p++) {
                levels[p] = force / (1 + p);
            }
        }

        @Override
        public float[] call() {
            java.util.Arrays.fill(block, 0);
            for (int p = 0; p < PARTIALS.length; p++) {
                double step = pitch * PARTIALS[p] * TABLE / RATE;
                float fade = 1 - 0.00002f * (p + 1);
                double phase = phases[p];
                float level = levels[p];
                for (int n = 0; n < BLOCK; n++) {
                    block[n] += level * SINE[(int) phase & (TABLE - 1)];
                    phase += step;
                    level *= fade;
                }
                phases[p] = phase % TABLE;
                levels[p] = level < 1e-6f ? 0 : level;
            }
            return block;
        }
    }

    /** What the announcer shows of the last blocks. */
    static final class Meter {
        private final ReentrantLock lock = new ReentrantLock();
        private final ArrayDeque<Float> peaks = new ArrayDeque<>(240);

        void add(float peak) {
            lock.lock();
            try {
                if (peaks.size() == 240) {
                    peaks.removeFirst();
                }
                peaks.addLast(peak);
            } finally {
                lock.unlock();
            }
        }

        float loudest() {
            lock.lock();
            try {
                float most = 0;
                for (float peak : peaks) {
                    most = Math.max(most, peak);
                }
                return most;
            } finally {
                lock.unlock();
            }
        }
    }

    private final List<Voice> voices = new ArrayList<>();
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
    private final BlockingQueue<short[]> full = new ArrayBlockingQueue<>(8);
    private final BlockingQueue<short[]> empty = new ArrayBlockingQueue<>(8);
    private final Meter meter = new Meter();
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>(100);
    private volatile long streamed;
    private int struck;

    CarillonSynth() {
        for (int n = 0; n < VOICES; n++) {
            voices.add(new Voice());
        }
        for (int n = 0; n < 8; n++) {
            empty.add(new short[BLOCK]);
        }
    }

    void nextBlock() {
        try {
            Voice due = voices.get(struck % VOICES);
            due.strike(110 * Math.pow(2, (struck * 7 % 25) / 12.0), 0.8f);
            struck++;
            float[] mix = null;
            for (Future<float[]> done : workers.invokeAll(voices)) {
                float[] part = done.get();
                if (mix == null) {
                    mix = part;
                } else {
                    for (int n = 0; n < BLOCK; n++) {
                        mix[n] += part[n];
                    }
                }
            }
            short[] samples = empty.take();
            float peak = 0;
            for (int n = 0; n < BLOCK; n++) {
                float value = Math.max(-1, Math.min(1, mix[n] / 4));
                peak = Math.max(peak, Math.abs(value));
                samples[n] = (short) (value * Short.MAX_VALUE);
            }
            meter.add(peak);
            full.put(samples);
        } catch (Exception stopped) {
            Thread.currentThread().interrupt();
        }
    }

    void stream() {
        byte[] bytes = new byte[BLOCK * 2];
        CRC32 sum = new CRC32();
        try {
            while (true) {
                short[] samples = full.take();
                for (int n = 0; n < BLOCK; n++) {
                    bytes[2 * n] = (byte) samples[n];
                    bytes[2 * n + 1] = (byte) (samples[n] >> 8);
                }
                empty.put(samples);
                sum.update(bytes);
                streamed = sum.getValue();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    void answerRequests() {
        try {
            while (true) {
                String wish = requests.take();
                if (wish.equals("meter")) {
                    meter.loudest();
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] args) {
        CarillonSynth carillon = new CarillonSynth();
        new Thread(carillon::stream, "stream").start();
        for (int n = 0; n < 6; n++) {
            new Thread(carillon::answerRequests, "desk-" + n).start();
        }
        for (int n = 0; n < 8; n++) {
            carillon.nextBlock();
        }
        carillon.clock.scheduleAtFixedRate(carillon::nextBlock, 0, 250, TimeUnit.MILLISECONDS);
        carillon.clock.scheduleAtFixedRate(() -> carillon.requests.offer("meter"), 500, 500, TimeUnit.MILLISECONDS);
        System.out.println("ready");
        System.out.flush();
    }
}
