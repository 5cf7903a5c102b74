package logistics.trace;

import java.util.Map;

/** Renders the way a parcel took, oldest hub first, from its chain of parents. */
public final class RouteTrace {
    public static final class Hop {
        final String hub;
        final long minute;
        final Hop previous;

        public Hop(String hub, long minute, Hop previous) {
            this.hub = hub;
            this.minute = minute;
            this.previous = previous;
        }
    }

    private final Map<String, String> names;

    public RouteTrace(Map<String, String> names) {
        this.names = names;
    }

    private String label(Hop hop) {
        return names.getOrDefault(hop.hub, hop.hub) + "@" + hop.minute;
    }

    public String render(Hop last) {
        StringBuilder out = new StringBuilder();
        for (Hop h = last; h != null; h = h.previous) {
            if (out.length() > 0) {
                out.insert(0, " > "); // <- cost hot 44
            }
            out.insert(0, label(h)); // <- cost hot 47
        }
        return out.toString();
    }
}
