// expect: pattern=lock-contention bench
// Canal authority: level gauges at the sluices report ten times a second; each report is decoded, and the rating curve of
// its gauge is fitted anew under the lock of that gauge's stripe, since reports of one gauge may arrive side by side.
// Measured: the three threads were blocked for 180 to 450 ms in sum per round of 96 reports (37 ms of CPU) on a
// loaded machine; 0 ms in the twin.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

public class SluiceGauges {
    private static final int SITES = 96;
    private static final int KIND_LEVEL = 4;
    private static final int WINDOW = 6000;
    private static final long ROUND_MILLIS = 100;

    /** The number of a gauge: site, and in the last six bits what it measures. */
    static int gaugeNumber(int site, int kind) {
        return site << 6 | kind;
    }

    /** What is known of one gauge: its last levels and flows, and the curve through them. */
    static final class Gauge {
        private final double[] levels = new double[WINDOW];
        private final double[] flows = new double[WINDOW];
        private int count;
        private double slope;
        private double offset;
        private double spread;

        void add(double level, double flow) {
            int at = count++ % WINDOW;
            levels[at] = Math.log(level);
            flows[at] = Math.log(flow);
        }

        void refit() {
            int n = Math.min(count, WINDOW);
            double reach = Double.MAX_VALUE;
            for (int pass = 0; pass < 24; pass++) {
                double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
                for (int i = 0; i < n; i++) {
                    double miss = Math.abs(flows[i] - slope * levels[i] - offset);
                    double w = miss < reach ? 1 : reach / miss;
                    sw += w;
                    sx += w * levels[i];
                    sy += w * flows[i];
                    sxx += w * levels[i] * levels[i];
                    sxy += w * levels[i] * flows[i];
                }
                double det = sw * sxx - sx * sx;
                if (n < 3 || Math.abs(det) < 1e-12) {
                    return;
                }
                slope = (sw * sxy - sx * sy) / det;
                offset = (sy - slope * sx) / sw;
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += Math.abs(flows[i] - slope * levels[i] - offset);
                }
                spread = sum / n;
                reach = 1.5 * spread + 1e-9;
            }
        }
    }

    /** The gauges, with one lock for each of some stripes of them. */
    static final class Network {
        private final Object[] stripes = new Object[64];
        private final Gauge[] gauges = new Gauge[SITES];
        private final LongAdder taken = new LongAdder();

        Network() {
            for (int i = 0; i < stripes.length; i++) {
                stripes[i] = new Object();
            }
            for (int i = 0; i < SITES; i++) {
                gauges[i] = new Gauge();
                for (int k = 0; k < WINDOW; k++) {
                    double level = 0.5 + (k * 37 + i) % 211 / 100.0;
                    gauges[i].add(level, 3.1 * Math.pow(level, 1.6) * (1 + (k % 17 - 8) / 200.0));
                }
            }
        }

        private Object stripeOf(int number) {
            return stripes[(Integer.hashCode(number) & Integer.MAX_VALUE) % stripes.length];
        }

        void take(int number, double level, double flow) {
            Gauge gauge = gauges[number >> 6];
            synchronized (stripeOf(number)) { // <- cost
                gauge.add(level, flow);
                gauge.refit();
            }
            taken.increment();
        }
    }

    /** A report is hexadecimal text: number, then pairs of raw level and flow; their medians count. */
    static void decode(String report, Network network) {
        String[] fields = report.split(";");
        int number = Integer.parseInt(fields[0], 16);
        double level = 0;
        double flow = 0;
        for (int i = 1; i < fields.length; i++) {
            int colon = fields[i].indexOf(':');
            level += Integer.parseInt(fields[i].substring(0, colon), 16) / 1000.0;
            flow += Integer.parseInt(fields[i].substring(colon + 1), 16) / 1000.0;
        }
        network.take(number, level / (fields.length - 1), flow / (fields.length - 1));
    }

    static String report(int site, long round) {
        StringBuilder text = new StringBuilder(Integer.toHexString(gaugeNumber(site, KIND_LEVEL)));
        for (int i = 0; i < 40; i++) {
            int level = 500 + (int) ((round * 31 + site * 7 + i) % 1900);
            text.append(';').append(Integer.toHexString(level)).append(':').append(Integer.toHexString(level * 3));
        }
        return text.toString();
    }

    static void settle(List<Future<Void>> done) throws InterruptedException {
        for (Future<Void> one : done) {
            try {
                one.get();
            } catch (ExecutionException problem) {
                System.err.println("report refused: " + problem.getCause());
            }
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Network network = new Network();
        ExecutorService decoders = Executors.newFixedThreadPool(3);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        long due = System.currentTimeMillis();
        for (long round = 0;; round++) {
            List<Callable<Void>> reports = new ArrayList<>(SITES);
            for (int site = 0; site < SITES; site++) {
                String text = report(site, round);
                reports.add(() -> {
                    decode(text, network);
                    return null;
                });
            }
            settle(decoders.invokeAll(reports));
            due = Math.max(due + ROUND_MILLIS, System.currentTimeMillis() - ROUND_MILLIS);
            Thread.sleep(Math.max(0, due - System.currentTimeMillis()));
        }
    }
}
