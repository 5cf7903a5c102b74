import java.util.*;
import java.util.stream.*;

class InvoiceMatcher {
    private final List<Payment> payments;
    private final Clock clock;

    InvoiceMatcher(List<Payment> payments, Clock clock) {
        this.payments = payments;
        this.clock = clock;
    }

    private Optional<Payment> settlement(Invoice inv) {
        return payments.stream()
            .filter(p -> p.getReference() != null && p.getReference().equals(inv.getNumber())) // <- 0
            .findFirst();
    }

    private boolean overdue(Invoice inv) {
        return inv.getDue().isBefore(clock.today()) && settlement(inv).isEmpty(); // <- 1
    }

    Map<String, List<Invoice>> reminders(Collection<Invoice> invoices) {
        return invoices.stream()
            .filter(this::overdue) // <- 2 outer
            .collect(Collectors.groupingBy(Invoice::getCustomer));
    }
}
