// expect: healthy bench
// Keeps a window of the last words as counts in arrays, by the number of the word.
import java.util.ArrayDeque;

public class WordChurn {
    static long[] step(long[] counts, int round) {
        java.util.Arrays.fill(counts, 0);
        for (int i = 0; i < 3000; i++) counts[(i * 7 + round) % 2000] += 1000L + i;
        return counts;
    }

    static int mix(int[] numbers) {
        int sum = 0;
        for (int number : numbers) sum = sum * 31 + number;
        return sum;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        ArrayDeque<long[]> window = new ArrayDeque<>();
        for (int i = 0; i < 190; i++) window.add(new long[2000]);
        int[] numbers = new int[300];
        long total = 0;
        for (int round = 0; total >= 0; round++) {
            window.add(step(window.poll(), round));
            total += mix(numbers) & 0xff;
        }
    }
}
