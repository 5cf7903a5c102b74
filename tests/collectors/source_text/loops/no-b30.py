class Survey:
    def __init__(self, answers):
        self.groups = {}
        for a in answers:
            self.groups.setdefault(a.region, []).append(a)

    def mean(self, region):
        got = [a.score for a in self.groups.get(region, ()) if a.score is not None]  # <- 0
        return sum(got) / len(got) if got else None

    def row(self, region):
        m = self.mean(region)  # <- 1
        return f"{region:20} {m:.2f}" if m is not None else f"{region:20} -"

    def table(self):
        return "\n".join(self.row(r) for r in sorted(self.groups))  # <- 2
