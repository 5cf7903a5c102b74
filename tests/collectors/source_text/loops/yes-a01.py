class Ledger:
    def __init__(self, invoices, payments):
        self.invoices = invoices
        self.payments = payments

    def find_invoice(self, number):
        for inv in self.invoices:
            if inv["number"] == number:  # <- 0
                return inv
        return None

    def apply_payments(self):
        unmatched = []
        for p in self.payments:  # <- outer
            inv = self.find_invoice(p["reference"].strip())  # <- 1
            if inv is None:
                unmatched.append(p)
                continue
            inv["paid"] = inv.get("paid", 0) + p["amount"]
            if inv["paid"] >= inv["total"]:
                inv["status"] = "closed"
        return unmatched
