class RoomPlanner {
    private final List<Booking> accepted = new ArrayList<>();

    private boolean clashes(Booking b) {
        int i = 0;
        while (i < accepted.size()) {
            Booking o = accepted.get(i);
            if (o.start < b.end && b.start < o.end && o.room == b.room) { // <- 0
                return true;
            }
            i++;
        }
        return false;
    }

    private boolean accept(Booking b) {
        if (b.end <= b.start) return false;
        if (clashes(b)) { // <- 1
            return false;
        }
        return accepted.add(b);
    }

    int importAll(Iterator<Booking> source) {
        int refused = 0;
        while (source.hasNext()) { // <- outer
            if (!accept(source.next())) { // <- 2
                refused++;
            }
        }
        return refused;
    }
}
