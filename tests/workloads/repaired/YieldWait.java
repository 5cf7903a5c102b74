// expect: healthy bench
// A consumer waits at its queue, while a producer computes.
import java.util.concurrent.LinkedBlockingQueue;

public class YieldWait {
    static final LinkedBlockingQueue<Double> queue = new LinkedBlockingQueue<>();

    static Double take() throws InterruptedException {
        return queue.take();
    }

    static double compute(int round) {
        double sum = 0;
        for (int i = 1; i < 3_000_000; i++) sum += (double) round / i;
        return sum;
    }

    public static void main(String[] arguments) throws InterruptedException {
        System.out.println("ready " + ProcessHandle.current().pid());
        Thread producer = new Thread(() -> {
            for (int round = 0; ; round++) queue.add(compute(round));
        });
        producer.start();
        double total = 0;
        while (total > -1) total += take();
    }
}
