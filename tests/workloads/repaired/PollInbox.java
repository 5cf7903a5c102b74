// expect: healthy bench
// A mailer waits for letters; there are four a second.
import java.util.concurrent.LinkedBlockingQueue;

public class PollInbox {
    static final LinkedBlockingQueue<String> inbox = new LinkedBlockingQueue<>();
    static long sent;

    static void deliver() throws InterruptedException {
        while (true) {
            String letter = inbox.take();
            sent += letter.length();
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 2; i++) {
            Thread mailer = new Thread(() -> {
                try {
                    deliver();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            }, "mailer-" + i);
            mailer.start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(250);
            inbox.add("a letter");
        }
    }
}
