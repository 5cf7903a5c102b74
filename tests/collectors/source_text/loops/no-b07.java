import java.util.*;
import java.util.stream.*;

class Payroll {
    private final Map<String, List<Employee>> byDept;

    Payroll(Collection<Employee> all) {
        this.byDept = all.stream().collect(Collectors.groupingBy(Employee::getDept));
    }

    private long cost(String dept) {
        return byDept.get(dept).stream()
            .filter(e -> e.isActive() && e.getEnd() == null)
            .mapToLong(e -> e.getSalary() + e.getBonus()) // <- 0
            .sum();
    }

    SortedMap<String, Long> costs() {
        SortedMap<String, Long> out = new TreeMap<>();
        for (String dept : byDept.keySet()) {
            out.put(dept, cost(dept)); // <- 1
        }
        return out;
    }
}
