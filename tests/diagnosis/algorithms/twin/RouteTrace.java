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
        java.util.ArrayList<Hop> hops = new java.util.ArrayList<>();
        for (Hop h = last; h != null; h = h.previous) {
            hops.add(h); // <- hot 15
        }
        StringBuilder out = new StringBuilder();
        for (int i = hops.size() - 1; i >= 0; i--) {
            out.append(label(hops.get(i))); // <- hot 62
            if (i > 0) {
                out.append(" > "); // <- hot 10
            }
        }
        return out.toString();
    }
}
