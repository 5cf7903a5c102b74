// expect: pattern=busy-wait bench
// A writer turns on a volatile field until a batch is there, which comes thirty times a second.
public class SpinFlag {
    static volatile long batches;
    static long written;

    static long awaitBatch(long last) {
        while (batches == last) { // <- cost
            Thread.onSpinWait(); // <- cost
        }
        return batches; // <- cost
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
            batches++;
        }
    }
}
