package com.acme.billing.match;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class PaymentMatcher {

    record Invoice(String number, String debtor, BigDecimal amount) {}

    record Payment(String reference, BigDecimal amount, String iban) {}

    record Match(Invoice invoice, Payment payment, boolean exact) {}

    private final List<Invoice> open;

    PaymentMatcher(List<Invoice> open) {
        this.open = new ArrayList<>(open);
    }

    private Optional<Invoice> findInvoice(String reference) {
        return open.stream()
                .filter(i -> i.number().equalsIgnoreCase(reference.trim())) // <- cost hot 93
                .findFirst();
    }

    List<Match> match(List<Payment> payments, List<Payment> unmatched) {
        List<Match> matches = new ArrayList<>();
        for (Payment p : payments) {
            Optional<Invoice> invoice = findInvoice(p.reference());
            if (invoice.isEmpty()) {
                unmatched.add(p);
                continue;
            }
            boolean exact = invoice.get().amount().compareTo(p.amount()) == 0;
            matches.add(new Match(invoice.get(), p, exact));
        }
        return matches;
    }
}
