// expect: healthy bench
// Hands out its settings, which nobody can change.
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

public class ObjectStream {
    static final HashMap<String, ArrayList<Integer>> settings = new HashMap<>();

    static Map<String, ArrayList<Integer>> copy() {
        return Collections.unmodifiableMap(settings);
    }

    static int sum(Map<String, ArrayList<Integer>> read) {
        int sum = 0;
        for (ArrayList<Integer> numbers : read.values()) sum += numbers.get(0);
        return sum;
    }

    public static void main(String[] arguments) {
        for (int i = 0; i < 300; i++) {
            ArrayList<Integer> numbers = new ArrayList<>();
            for (int k = 0; k < 8; k++) numbers.add(i * k);
            settings.put("setting-" + i, numbers);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        long total = 0;
        while (total >= 0) total += sum(copy()) & 0xff;
    }
}
