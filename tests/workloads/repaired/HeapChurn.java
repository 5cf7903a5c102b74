// expect: healthy bench
// Keeps the last readings of many sensors in arrays of numbers.
import java.util.ArrayList;
import java.util.List;

public class HeapChurn {
    static final List<double[]> kept = new ArrayList<>();

    static double[] report(int count, int round) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * 0.5 + round;
        }
        return values;
    }

    static double mean(double[] numbers) {
        double sum = 0;
        for (double number : numbers) sum += number;
        return sum / numbers.length;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        double[] numbers = new double[500];
        double total = 0;
        for (int round = 0; total > -1; round++) {
            double[] values = report(4000, round);
            for (int again = 0; again < 20; again++) total += mean(values) * 1e-9;
            kept.add(values);
            if (kept.size() > 80) kept.subList(0, 20).clear();
            total += mean(numbers);
        }
    }
}
