import java.util.*;

class TileMap {
    static final class Zone { int x0, y0, x1, y1; String tag; }
    static final class Unit { int x, y; String zone; }

    private final ArrayList<Zone> zones = new ArrayList<>();
    private Unit[] units = new Unit[0];

    private static boolean inside(Zone z, Unit u) {
        return u.x >= z.x0 && u.x < z.x1 && u.y >= z.y0 && u.y < z.y1;
    }

    void tagUnits() {
        int u = 0;
        while (u < units.length) { // <- outer
            Unit unit = units[u++];
            String tag = null;
            Iterator<Zone> it = zones.iterator();
            while (tag == null && it.hasNext()) {
                Zone z = it.next();
                tag = inside(z, unit) ? z.tag : null; // <- 0
            }
            unit.zone = tag == null ? "wild" : tag;
        }
    }
}
