public class ShipmentService {
    private final CarrierRepository carriers;
    private final ShipmentRepository shipments;

    public ShipmentService(CarrierRepository carriers, ShipmentRepository shipments) {
        this.carriers = carriers;
        this.shipments = shipments;
    }

    public List<ShipmentView> views() {
        List<Carrier> known = carriers.findAll();
        List<ShipmentView> out = new ArrayList<>();
        for (Shipment s : shipments.findOpen()) { // <- outer
            Carrier match = null;
            for (Carrier c : known) {
                if (c.getCode().equals(s.getCarrierCode())) { // <- 0
                    match = c;
                    break;
                }
            }
            out.add(new ShipmentView(s.getId(), match == null ? "?" : match.getName()));
        }
        return out;
    }
}
