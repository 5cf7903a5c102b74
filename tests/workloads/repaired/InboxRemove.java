// expect: healthy bench
// Delivers messages from an inbox, oldest first.
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

public class InboxRemove {
    static long deliver(Deque<Long> inbox) {
        long sum = 0;
        while (!inbox.isEmpty()) {
            sum += inbox.removeFirst();
        }
        return sum;
    }

    static long checksum(List<Long> kept) {
        long sum = 0;
        for (long one : kept) sum = sum * 31 + one;
        return sum;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        List<Long> kept = new ArrayList<>();
        for (long i = 0; i < 2000; i++) kept.add(i);
        long total = 0;
        while (total != -1) {
            Deque<Long> inbox = new ArrayDeque<>();
            for (long i = 0; i < 60000; i++) inbox.add(i);
            total += deliver(inbox) + checksum(kept);
            total &= 0xffffff;
        }
    }
}
