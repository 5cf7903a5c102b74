package hr.sync;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;

public class RosterSync {
    public interface Directory {
        List<String> activeLogins();

        void disable(Collection<String> logins);

        void create(Collection<String> logins);
    }

    private final Directory directory;

    public RosterSync(Directory directory) {
        this.directory = directory;
    }

    static List<String> without(List<String> all, List<String> known) {
        List<String> rest = new ArrayList<>(all);
        rest.removeAll(new HashSet<>(known)); // <- hot 80
        return rest;
    }

    public int apply(List<String> payroll) {
        List<String> active = directory.activeLogins();
        List<String> gone = without(active, payroll);
        List<String> hired = without(payroll, active);
        if (!gone.isEmpty()) {
            directory.disable(gone);
        }
        if (!hired.isEmpty()) {
            directory.create(hired);
        }
        return gone.size() + new HashSet<>(hired).size();
    }
}
