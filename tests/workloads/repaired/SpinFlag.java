// expect: healthy bench
// A writer waits on a monitor until a batch is there, which comes thirty times a second.
public class SpinFlag {
    static volatile long batches;
    static long written;

    static synchronized long awaitBatch(long last) {
        try {
            while (batches == last) SpinFlag.class.wait();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        return batches;
    }

    static synchronized void batch() {
        batches++;
        SpinFlag.class.notifyAll();
    }

    public static void main(String[] arguments) throws Exception {
        Thread writer = new Thread(() -> {
            long last = 0;
            while (true) {
                last = awaitBatch(last);
                written += last & 15;
            }
        }, "writer");
        writer.start();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(33);
            batch();
        }
    }
}
