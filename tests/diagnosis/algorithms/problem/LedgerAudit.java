package bank.audit;

import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;

public class LedgerAudit {
    record Entry(long id, long cents, String account) {}

    record Gap(int position, long expected, long found) {}

    private final List<Entry> entries = new LinkedList<>();

    public void post(long id, long cents, String account) {
        entries.add(new Entry(id, cents, account));
    }

    private Entry at(int position) {
        return entries.get(position); // <- cost hot 91
    }

    public List<Gap> findGaps() {
        List<Gap> gaps = new ArrayList<>();
        for (int i = 1; i < entries.size(); i++) {
            long expected = at(i - 1).id() + 1; // <- cost
            long found = at(i).id(); // <- cost
            if (expected != found) {
                gaps.add(new Gap(i, expected, found));
            }
        }
        return gaps;
    }

    public long balance(String account) {
        long sum = 0;
        for (Entry e : entries) {
            if (e.account().equals(account)) {
                sum += e.cents();
            }
        }
        return sum;
    }
}
