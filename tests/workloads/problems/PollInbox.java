// expect: pattern=polling-loop bench
// A mailer looks two hundred times a second whether there is a letter; there are four a second.
import java.util.concurrent.ConcurrentLinkedQueue;

public class PollInbox {
    static final ConcurrentLinkedQueue<String> inbox = new ConcurrentLinkedQueue<>();
    static long sent;

    static void deliver() throws InterruptedException {
        while (true) {
            String letter = inbox.poll();
            if (letter == null) {
                Thread.sleep(5); // <- cost
                continue;
            }
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
