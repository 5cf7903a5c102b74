"""Critical path of a build graph, used by the CI estimate page."""


class Step:
    def __init__(self, name, seconds, needs=()):
        self.name = name
        self.seconds = seconds
        self.needs = list(needs)


class BuildGraph:
    def __init__(self, steps):
        self.steps = {s.name: s for s in steps}

    def finish(self, name):
        step = self.steps[name]  # <- hot 14
        start = 0.0
        for need in step.needs:  # <- hot 19
            start = max(start, self.finish(need))  # <- cost hot 58
        return start + step.seconds

    def finish_times(self):
        return {name: self.finish(name) for name in self.steps}  # <- cost

    def critical_path(self):
        times = self.finish_times()
        current = max(times, key=times.get)
        path = [current]
        while self.steps[current].needs:
            current = max(self.steps[current].needs, key=times.get)
            path.append(current)
        return path[::-1], times[path[0]]


def parse(lines):
    for line in lines:
        name, seconds, *needs = line.split()
        yield Step(name, float(seconds), needs)


def estimate(path):
    with open(path) as fh:
        graph = BuildGraph(parse(fh))
    chain, total = graph.critical_path()
    return {"seconds": total, "chain": " > ".join(chain)}
