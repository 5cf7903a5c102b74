def edit_distance(a, b):
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cost = 0 if ca == cb else 1
            cur.append(min(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + cost))  # <- 0
        prev = cur
    return prev[-1]


def error_rate(pairs):
    errors = chars = 0
    for truth, guess in pairs:
        errors += edit_distance(truth, guess)  # <- 1
        chars += len(truth)
    return errors / chars if chars else 0.0
