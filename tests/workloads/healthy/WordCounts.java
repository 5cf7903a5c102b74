// expect: healthy bench
// Counts words in a map, and reads the counts out sorted now and then.
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class WordCounts {
    static final Map<String, int[]> counts = new HashMap<>();

    static void count(String[] words) {
        for (String word : words) counts.computeIfAbsent(word, key -> new int[1])[0]++;
    }

    static int best() {
        List<int[]> all = new ArrayList<>(counts.values());
        int most = 0;
        for (int[] one : all) most = Math.max(most, one[0]);
        return most;
    }

    public static void main(String[] arguments) {
        String[] words = new String[5000];
        for (int i = 0; i < words.length; i++) words[i] = "word-" + i * 31 % 1777;
        System.out.println("ready " + ProcessHandle.current().pid());
        long total = 0;
        for (int round = 0; total >= 0; round++) {
            count(words);
            if (round % 100 == 0) total += best() & 0xff;
        }
    }
}
