class Importer:
    def __init__(self, db):
        self.rows = list(db.rows("contacts"))
        self.skipped = 0

    def _exists(self, email):
        found = False
        for r in self.rows:
            if (r.get("email") or "").lower() == email.lower():  # <- 0
                found = True
        return found

    def _accept(self, rec):
        if not rec.get("email") or self._exists(rec["email"]):  # <- 1
            self.skipped += 1
            return False
        self.rows.append(rec)
        return True

    async def run(self, source):
        n = 0
        async for rec in source:  # <- outer
            n += self._accept(rec)  # <- 2
        return n
