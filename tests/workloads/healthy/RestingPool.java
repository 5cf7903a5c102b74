// expect: healthy bench
// A pool of twelve threads of Java that gets ten jobs a second, and a timer.
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class RestingPool {
    static volatile long done;

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(12);
        for (int i = 0; i < 12; i++) pool.submit(() -> done++);
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
        timer.scheduleAtFixedRate(() -> done++, 1, 1, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(100);
            pool.submit(() -> done++).get();
        }
    }
}
