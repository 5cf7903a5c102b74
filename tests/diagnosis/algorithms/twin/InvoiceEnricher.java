package billing.enrich;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

public class InvoiceEnricher {
    public record Customer(String number, String name, String country) {}

    public record Invoice(String id, String customerNumber, long cents) {}

    public record Row(String id, String customer, String country, long cents) {}

    private final Map<String, Customer> byNumber;

    public InvoiceEnricher(List<Customer> customers) {
        this.byNumber = customers.stream()
                .collect(Collectors.toMap(c -> c.number().toLowerCase(), Function.identity(), (a, b) -> a)); // <- hot 20
    }

    private Optional<Customer> lookup(String number) {
        return Optional.ofNullable(byNumber.get(number.toLowerCase())); // <- hot 45
    }

    private Row enrich(Invoice invoice) {
        Customer c = lookup(invoice.customerNumber())
                .orElse(new Customer(invoice.customerNumber(), "?", "??"));
        return new Row(invoice.id(), c.name(), c.country(), invoice.cents());
    }

    public List<Row> enrichAll(List<Invoice> invoices) {
        return invoices.stream()
                .map(this::enrich)
                .collect(Collectors.toList()); // <- hot 20
    }

    public Map<String, Long> perCountry(List<Row> rows) {
        return rows.stream().collect(Collectors.groupingBy(Row::country, Collectors.summingLong(Row::cents)));
    }
}
