// expect: pattern=gc-pressure bench
// Keeps the last readings of many sensors as objects in lists, and copies them for each report.
import java.util.ArrayList;
import java.util.List;

public class HeapChurn {
    record Reading(Integer sensor, Double value, String unit) {}

    static final List<List<Reading>> kept = new ArrayList<>();

    static List<Reading> report(int count, int round) {
        List<Reading> readings = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            readings.add(new Reading(i * 1000, i * 0.5 + round, new String("unit" + i % 3))); // <- cost
        }
        return readings;
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
            kept.add(report(4000, round));
            if (kept.size() > 80) kept.subList(0, 20).clear();
            total += mean(numbers);
        }
    }
}
