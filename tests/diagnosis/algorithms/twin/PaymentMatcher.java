package com.acme.billing.match;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

class PaymentMatcher {

    record Invoice(String number, String debtor, BigDecimal amount) {}

    record Payment(String reference, BigDecimal amount, String iban) {}

    record Match(Invoice invoice, Payment payment, boolean exact) {}

    private final Map<String, Invoice> open = new HashMap<>();

    PaymentMatcher(List<Invoice> invoices) {
        for (Invoice i : invoices) {
            open.putIfAbsent(key(i.number()), i); // <- hot 22
        }
    }

    private static String key(String reference) {
        return reference.trim().toUpperCase(Locale.ROOT); // <- hot 39
    }

    private Optional<Invoice> findInvoice(String reference) {
        return Optional.ofNullable(open.get(key(reference))); // <- hot 17
    }

    List<Match> match(List<Payment> payments, List<Payment> unmatched) {
        List<Match> matches = new ArrayList<>();
        for (Payment p : payments) {
            Optional<Invoice> invoice = findInvoice(p.reference());
            if (invoice.isEmpty()) {
                unmatched.add(p);
                continue;
            }
            boolean exact = invoice.get().amount().compareTo(p.amount()) == 0; // <- hot 11
            matches.add(new Match(invoice.get(), p, exact));
        }
        return matches;
    }
}
