class Team:
    def __init__(self, name, members):
        self.name = name
        self.members = members

    @property
    def payroll(self):
        return sum(m.salary * m.share for m in self.members)  # <- 0

    @property
    def senior(self):
        return [m for m in self.members if m.years >= 5]


class Department:
    def __init__(self, teams):
        self.teams = teams

    @property
    def cost(self):
        return sum(t.payroll for t in self.teams)  # <- 1


def company_cost(departments):
    return {d: d.cost for d in departments}  # <- 2
