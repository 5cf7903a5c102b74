class OrderImporter:
    def __init__(self, catalog, warehouse):
        self.catalog = list(catalog)
        self.warehouse = warehouse
        self.errors = []

    def _product(self, sku):
        for product in self.catalog:
            if product.sku == sku and not product.retired:  # <- 0
                return product
        return None

    def _convert(self, row):
        product = self._product(row["sku"].strip().upper())  # <- 1
        if product is None:
            self.errors.append((row["line"], "unknown sku"))
            return None
        return {
            "product_id": product.id,
            "quantity": int(row["qty"]),
            "price": product.price * int(row["qty"]),
        }

    def run(self, reader):
        result = []
        for row in reader:  # <- outer
            if not row.get("sku"):
                continue
            item = self._convert(row)  # <- 2
            if item is not None:
                result.append(item)
        self.warehouse.store(result)
        return len(result)
