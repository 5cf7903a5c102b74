package com.freightline.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

final class Shipment {
    private final String id;
    private final String carrierCode;
    private final BigDecimal weight;

    Shipment(String id, String carrierCode, BigDecimal weight) {
        this.id = id;
        this.carrierCode = carrierCode;
        this.weight = weight;
    }

    String getId() { return id; }
    String getCarrierCode() { return carrierCode; }
    BigDecimal getWeight() { return weight; }
}

record Carrier(String code, String name, BigDecimal ratePerKilo) { }

record InvoiceLine(String shipmentId, String carrierName, BigDecimal amount) { }

public class InvoiceBuilder {
    private final List<Carrier> contracts;

    public InvoiceBuilder(List<Carrier> contracts) {
        this.contracts = contracts;
    }

    private Carrier contractOf(Shipment s) {
        return contracts.stream()
                .filter(c -> c.code().equals(s.getCarrierCode())) // <- cost hot 84
                .findFirst() // <- hot 8
                .orElseThrow(() -> new IllegalStateException("no contract: " + s.getCarrierCode()));
    }

    public List<InvoiceLine> build(List<Shipment> month) {
        List<InvoiceLine> lines = new ArrayList<>(month.size());
        for (Shipment s : month) {
            Carrier c = contractOf(s);
            BigDecimal amount = c.ratePerKilo().multiply(s.getWeight());
            lines.add(new InvoiceLine(s.getId(), c.name(), amount));
        }
        return lines;
    }
}
