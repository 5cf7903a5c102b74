"""Static solution of plane trusses for the structural calculator."""
import math


def assemble(nodes, bars):
    n = 2 * len(nodes)
    k = [[0.0] * n for _ in range(n)]
    for a, b, ea in bars:
        dx = nodes[b][0] - nodes[a][0]
        dy = nodes[b][1] - nodes[a][1]
        length = math.hypot(dx, dy)
        c, s = dx / length, dy / length
        local = ((c * c, c * s), (c * s, s * s))
        for i, p in enumerate((a, b)):
            for j, q in enumerate((a, b)):
                sign = ea / length * (1 if i == j else -1)
                for u in (0, 1):
                    for v in (0, 1):
                        k[2 * p + u][2 * q + v] += sign * local[u][v]
    return k


def solve(matrix, rhs):
    n = len(rhs)
    for col in range(n):
        pivot = max(range(col, n), key=lambda r: abs(matrix[r][col]))
        matrix[col], matrix[pivot] = matrix[pivot], matrix[col]
        rhs[col], rhs[pivot] = rhs[pivot], rhs[col]
        top = matrix[col]
        for row in range(col + 1, n):
            line = matrix[row]
            f = line[col] / top[col]
            if f == 0.0:
                continue
            for j in range(col, n):  # <- hot 28
                line[j] -= f * top[j]  # <- hot 66
            rhs[row] -= f * rhs[col]
    x = [0.0] * n
    for row in range(n - 1, -1, -1):
        acc = rhs[row] - sum(matrix[row][j] * x[j] for j in range(row + 1, n))
        x[row] = acc / matrix[row][row]
    return x


def displacements(nodes, bars, loads, fixed):
    k = assemble(nodes, bars)
    for dof in fixed:
        k[dof] = [0.0] * len(k)
        k[dof][dof] = 1.0
        loads[dof] = 0.0
    return solve(k, list(loads))
