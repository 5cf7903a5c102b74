from collections import defaultdict


def assign_shifts(workers, absences):
    by_team = defaultdict(list)
    for w in workers:
        by_team[w.team].append(w)

    out = {}
    for team, members in by_team.items():
        lead = None
        free = []
        for m in members:
            if m.number in absences:  # <- 0
                continue
            if lead is None or m.rank > lead.rank:
                lead = m
            free.append(m)
        out[team] = (lead, free)
    return out
