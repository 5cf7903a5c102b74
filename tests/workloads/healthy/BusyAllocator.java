// expect: healthy bench
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes much garbage, and keeps a bounded cache. */
public class BusyAllocator {
    static final Map<Long, String> CACHE = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, String> eldest) {
            return size() > 3000;
        }
    };

    static String page(long number) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 60; i++) text.append("row ").append(number * i).append('\n');
        return text.toString();
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready " + ProcessHandle.current().pid());
        for (long number = 0;; number++) {
            String made = page(number);
            CACHE.put(number, made);
            if (number % 400 == 0) Thread.sleep(50);
        }
    }
}
