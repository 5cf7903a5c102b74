// expect: pattern=gc-pressure bench
// Keeps a window of the last words as boxed counts, in maps that are made anew for each step.
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

public class WordChurn {
    static Map<String, Long> step(int round) {
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < 3000; i++) {
            counts.merge(new String("word-" + (i * 7 + round) % 2000), 1000L + i, Long::sum); // <- cost
        }
        return counts;
    }

    static int mix(int[] numbers) {
        int sum = 0;
        for (int number : numbers) sum = sum * 31 + number;
        return sum;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        ArrayDeque<Map<String, Long>> window = new ArrayDeque<>();
        int[] numbers = new int[300];
        long total = 0;
        for (int round = 0; total >= 0; round++) {
            window.add(step(round));
            if (window.size() > 190) window.poll();
            total += mix(numbers) & 0xff;
        }
    }
}
