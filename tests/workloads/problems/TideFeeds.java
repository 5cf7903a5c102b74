// expect: pattern=memory-growth
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.Deflater;

/** Sends tide tables to buoys that call in, packed by a stream for each call. */
class TideFeeds {
    /** What one buoy has been sent. */
    static class Feed {
        private final Deflater packer = new Deflater(Deflater.BEST_SPEED, true);
        private static final byte[] out = new byte[2048];
        private long sent;

        void send(byte[] table) {
            packer.setInput(table);
            int length;
            do {
                length = packer.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
                sent += length;
            } while (length == out.length);
        }

        long close() {
            return sent;
        }
    }

    private final Map<Long, Feed> feeds = new ConcurrentHashMap<>();
    private long calls;
    private long bytes;

    void call(byte[] table) {
        long number = ++calls;
        feeds.put(number, new Feed()); // <- cost
        Feed feed = feeds.get(number);
        for (int part = 0; part < 3; part++) feed.send(table);
        bytes += feed.close();
    }

    public static void main(String[] arguments) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        for (int hour = 0; hour < 96; hour++) text.append(hour % 24).append(":00 ").append(hour * 37 % 410).append(" cm\n");
        byte[] table = text.toString().getBytes(StandardCharsets.UTF_8);
        TideFeeds feeds = new TideFeeds();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            feeds.call(table);
            Thread.sleep(20);
        }
    }
}
