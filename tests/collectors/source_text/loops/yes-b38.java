import java.util.*;
import java.util.function.*;

class Org {
    record Employee(long id, Long managerId, String name) {}

    private final Supplier<List<Employee>> source;

    Org(Supplier<List<Employee>> source) {
        this.source = source;
    }

    private List<Employee> reports(long id) {
        List<Employee> out = new ArrayList<>();
        for (Employee e : source.get()) {
            if (e.managerId() != null && e.managerId() == id) { // <- 0
                out.add(e);
            }
        }
        return out;
    }

    private void print(Employee e, int depth, StringBuilder sb) {
        sb.append("  ".repeat(depth)).append(e.name()).append('\n');
        for (Employee r : reports(e.id())) { // <- 1
            print(r, depth + 1, sb); // <- 2 outer
        }
    }

    String chart() {
        StringBuilder sb = new StringBuilder();
        source.get().stream().filter(e -> e.managerId() == null).forEach(e -> print(e, 0, sb)); // <- 3
        return sb.toString();
    }
}
