package app.trailmate.gps;

import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;

public final class TrackSmoother {
    public static final class Fix {
        final double lat;
        final double lon;
        final double elevation;

        public Fix(double lat, double lon, double elevation) {
            this.lat = lat;
            this.lon = lon;
            this.elevation = elevation;
        }
    }

    private final LinkedList<Fix> fixes = new LinkedList<>();

    public void add(double lat, double lon, double elevation) {
        fixes.add(new Fix(lat, lon, elevation));
    }

    private static double metres(Fix a, Fix b) {
        double dLat = Math.toRadians(b.lat - a.lat);
        double dLon = Math.toRadians(b.lon - a.lon) * Math.cos(Math.toRadians(a.lat));
        return 6_371_000.0 * Math.sqrt(dLat * dLat + dLon * dLon);
    }

    public List<Double> gradients() {
        List<Double> result = new ArrayList<>();
        for (int i = 1; i + 1 < fixes.size(); i++) {
            Fix before = fixes.get(i - 1); // <- cost hot 47
            Fix after = fixes.get(i + 1); // <- cost hot 48
            double run = metres(before, after);
            double rise = after.elevation - before.elevation;
            result.add(run < 0.5 ? 0.0 : rise / run);
        }
        return result;
    }

    public int size() {
        return fixes.size();
    }
}
