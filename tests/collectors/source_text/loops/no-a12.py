import math


def distance_matrix(stops):
    n = len(stops)
    m = [[0.0] * n for _ in range(n)]
    for i in range(n):
        lat1, lon1 = stops[i]
        for j in range(i + 1, n):
            lat2, lon2 = stops[j]
            a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2  # <- 0
            m[i][j] = m[j][i] = 12742.0 * math.asin(math.sqrt(a))
    return m


def solve(stops, solver):
    m = distance_matrix(stops)  # <- 1
    return solver.route(m)
