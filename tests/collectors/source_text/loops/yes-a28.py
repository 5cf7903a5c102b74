from collections import deque


def reachable(grid, start):
    h, w = len(grid), len(grid[0])
    seen = [start]
    todo = deque([start])
    while todo:  # <- outer
        y, x = todo.popleft()
        for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            p = (y + dy, x + dx)
            if not (0 <= p[0] < h and 0 <= p[1] < w):
                continue
            if grid[p[0]][p[1]] == "#" or p in seen:  # <- 0
                continue
            seen.append(p)
            todo.append(p)
    return len(seen)
