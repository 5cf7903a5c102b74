public class CollisionGrid {
    private static final int CELL = 32;
    private final Map<Long, List<Actor>> cells = new HashMap<>();

    private static long key(int cx, int cy) {
        return ((long) cx << 32) ^ (cy & 0xffffffffL);
    }

    public void put(Actor a) {
        cells.computeIfAbsent(key(a.x / CELL, a.y / CELL), k -> new ArrayList<>()).add(a);
    }

    private boolean touches(Actor a) {
        int cx = a.x / CELL, cy = a.y / CELL;
        for (int dx = -1; dx <= 1; dx++) {
            for (int dy = -1; dy <= 1; dy++) {
                for (Actor o : cells.getOrDefault(key(cx + dx, cy + dy), List.of())) {
                    if (o != a && o.box().intersects(a.box())) return true; // <- 0
                }
            }
        }
        return false;
    }

    public void resolve(List<Actor> moving) {
        for (Actor a : moving) {
            if (touches(a)) { // <- 1
                a.undoMove();
            }
        }
    }
}
