// expect: healthy bench
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** Answers requests on a pool; each thread notes what its request did, for the log. */
public class RequestContext {
    static final ThreadLocal<List<byte[]>> NOTES = ThreadLocal.withInitial(ArrayList::new);
    static final Semaphore ROOM = new Semaphore(8);

    static int parse(long number) {
        int sum = 0;
        for (String part : ("id=" + number + "&page=3&sort=price&limit=50").split("&")) sum += part.length();
        return sum;
    }

    static void note(long number) {
        NOTES.get().add(("step of " + number).repeat(90).getBytes());
    }

    static void answer(long number) {
        try {
            for (int i = 0; i < 20; i++) parse(number + i);
            note(number);
        } finally {
            NOTES.remove();
            ROOM.release();
        }
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        System.out.println("ready " + ProcessHandle.current().pid());
        for (long number = 0;; number++) {
            long request = number;
            ROOM.acquire();
            pool.execute(() -> answer(request));
            if (number % 30 == 0) Thread.sleep(10);
        }
    }
}
