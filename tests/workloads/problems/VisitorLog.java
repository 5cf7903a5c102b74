// expect: pattern=memory-growth bench
import java.util.HashMap;
import java.util.Map;

/** Counts the visits of a site; what each visitor saw last is kept, for the page after. */
public class VisitorLog {
    static final Map<String, byte[]> LAST_PAGE = new HashMap<>();
    static final int[] HITS = new int[64];

    static byte[] render(long number) {
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < 40; i++) page.append("<li>item ").append(number + i).append("</li>");
        return page.toString().getBytes();
    }

    static void visit(long number) {
        byte[] page = render(number);
        LAST_PAGE.put("visitor-" + number, page.clone()); // <- cost
        HITS[(int) (number % HITS.length)] += page.length;
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready " + ProcessHandle.current().pid());
        for (long number = 0;; number++) {
            visit(number);
            if (number % 200 == 0) Thread.sleep(50);
        }
    }
}
