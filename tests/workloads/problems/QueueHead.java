// expect: pattern=hot-loop bench
// Reads the entries of a linked list by their numbers.
import java.util.LinkedList;
import java.util.List;

public class QueueHead {
    static long sum(List<Long> entries) {
        long sum = 0;
        for (int i = 0; i < entries.size(); i++) {
            sum += entries.get(i); // <- cost
        }
        return sum;
    }

    static long ends(List<Long> entries) {
        return entries.get(0) + entries.get(entries.size() - 1);
    }

    public static void main(String[] arguments) {
        List<Long> entries = new LinkedList<>();
        for (long i = 0; i < 8000; i++) entries.add(i);
        System.out.println("ready " + ProcessHandle.current().pid());
        long total = 0;
        while (total >= 0) total = total + sum(entries) + ends(entries) & 0xffffff;
    }
}
