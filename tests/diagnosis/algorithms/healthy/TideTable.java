package harbor.tides;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class TideTable {

    record Gauge(long epochSecond, double level) {}

    record Berth(String name, double depth) {}

    private final long[] times;
    private final double[] levels;

    TideTable(List<Gauge> gauges) {
        List<Gauge> sorted = new ArrayList<>(gauges);
        sorted.sort((a, b) -> Long.compare(a.epochSecond(), b.epochSecond()));
        times = sorted.stream().mapToLong(Gauge::epochSecond).toArray();
        levels = sorted.stream().mapToDouble(Gauge::level).toArray();
    }

    private int floorIndex(long t) {
        int lo = 0;
        int hi = times.length - 1;
        while (lo < hi) {
            int mid = (lo + hi + 1) >>> 1;
            if (times[mid] <= t) { // <- hot 47
                lo = mid;
            } else {
                hi = mid - 1;
            }
        }
        return lo;
    }

    double levelAt(long t) {
        int i = floorIndex(t);
        if (i + 1 >= times.length || t <= times[i]) {
            return levels[i];
        }
        double f = (double) (t - times[i]) / (times[i + 1] - times[i]); // <- hot 14
        double smooth = (1 - Math.cos(Math.PI * f)) / 2; // <- hot 25
        return levels[i] + (levels[i + 1] - levels[i]) * smooth;
    }

    long minutesAfloat(Berth berth, double draught, Instant from, int minutes) {
        long start = from.getEpochSecond();
        return IntStream.range(0, minutes)
                .filter(m -> levelAt(start + m * 60L) + berth.depth() > draught)
                .count();
    }
}
