def percentile_table(scores, cuts=None):
    n = len(scores)
    return {
        name: 100.0 * sum(1 for other in scores.values() if other < value) / n  # <- 0
        for name, value in scores.items()  # <- outer
    }


def grades(course):
    table = percentile_table({s.name: s.total for s in course.students})
    return {k: "A" if v >= 90 else "B" if v >= 70 else "C" for k, v in table.items()}
