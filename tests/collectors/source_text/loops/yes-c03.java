package billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

public class DunningRun {
    private final List<Invoice> invoices;
    private final List<Payment> payments;

    public DunningRun(List<Invoice> invoices, List<Payment> payments) {
        this.invoices = invoices;
        this.payments = payments;
    }

    public List<Reminder> collect(java.time.LocalDate today) {
        List<Reminder> reminders = new ArrayList<>();
        for (Invoice invoice : invoices) { // <- outer
            BigDecimal paid = BigDecimal.ZERO;
            for (Payment p : payments) {
                if (p.getInvoiceNumber().equals(invoice.getNumber())) { // <- 0
                    paid = paid.add(p.getAmount());
                }
            }
            BigDecimal open = invoice.getTotal().subtract(paid);
            if (open.signum() > 0 && invoice.getDueDate().isBefore(today)) {
                reminders.add(new Reminder(invoice, open));
            }
        }
        return reminders;
    }
}
