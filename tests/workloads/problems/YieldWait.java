// expect: pattern=busy-wait bench
// A consumer asks its queue again and again, while a producer computes.
import java.util.concurrent.ConcurrentLinkedQueue;

public class YieldWait {
    static final ConcurrentLinkedQueue<Double> queue = new ConcurrentLinkedQueue<>();

    static Double take() {
        Double found;
        while ((found = queue.poll()) == null) { // <- cost
            Thread.onSpinWait(); // <- cost
        }
        return found;
    }

    static double compute(int round) {
        double sum = 0;
        for (int i = 1; i < 3_000_000; i++) sum += (double) round / i;
        return sum;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        Thread producer = new Thread(() -> {
            for (int round = 0; ; round++) queue.add(compute(round));
        });
        producer.start();
        double total = 0;
        while (total > -1) total += take();
    }
}
