package com.freightline.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
    private final Map<String, Carrier> contracts = new HashMap<>();

    public InvoiceBuilder(List<Carrier> contracts) {
        for (Carrier c : contracts) {
            this.contracts.putIfAbsent(c.code(), c);
        }
    }

    private Carrier contractOf(Shipment s) {
        Carrier c = contracts.get(s.getCarrierCode()); // <- hot 28
        if (c == null) {
            throw new IllegalStateException("no contract: " + s.getCarrierCode());
        }
        return c;
    }

    public List<InvoiceLine> build(List<Shipment> month) {
        List<InvoiceLine> lines = new ArrayList<>(month.size());
        for (Shipment s : month) {
            Carrier c = contractOf(s);
            BigDecimal amount = c.ratePerKilo().multiply(s.getWeight()); // <- hot 41
            lines.add(new InvoiceLine(s.getId(), c.name(), amount)); // <- hot 18
        }
        return lines;
    }
}
