public class Packer {
    public long best(List<Parcel> parcels, int capacity) {
        long[] value = new long[capacity + 1];
        for (Parcel p : parcels) {
            for (int c = capacity; c >= p.weight(); c--) {
                value[c] = Math.max(value[c], value[c - p.weight()] + p.fee()); // <- 0
            }
        }
        return value[capacity];
    }

    public long bestOfFleet(List<Truck> trucks) {
        long sum = 0;
        for (Truck t : trucks) {
            sum += best(t.getWaiting(), t.getCapacity()); // <- 1
        }
        return sum;
    }
}
