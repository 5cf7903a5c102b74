def edit_distance(a, b):
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[-1] + 1, prev[j - 1] + (ca != cb)))  # <- 0
        prev = cur
    return prev[-1]


def score_pairs(pairs):
    return [(a, b, 1 - edit_distance(a, b) / max(len(a), len(b), 1)) for a, b in pairs]  # <- 1
