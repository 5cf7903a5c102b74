INF = float("inf")


def closure(weights):
    n = len(weights)
    dist = [row[:] for row in weights]
    via = [[-1] * n for _ in range(n)]
    for k in range(n):
        dk = dist[k]
        for i in range(n):
            dik = dist[i][k]
            if dik == INF:
                continue
            di = dist[i]
            for j in range(n):
                if dik + dk[j] < di[j]:  # <- 0
                    di[j] = dik + dk[j]
                    via[i][j] = k
    return dist, via
