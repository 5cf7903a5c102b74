"""Critical path of a build graph, used by the CI estimate page."""
from graphlib import TopologicalSorter


class Step:
    def __init__(self, name, seconds, needs=()):
        self.name = name
        self.seconds = seconds
        self.needs = list(needs)


class BuildGraph:
    def __init__(self, steps):
        self.steps = {s.name: s for s in steps}

    def finish_times(self):
        order = TopologicalSorter({s.name: s.needs for s in self.steps.values()})
        done = {}
        for name in order.static_order():  # <- hot 49
            step = self.steps[name]
            start = max((done[n] for n in step.needs), default=0.0)  # <- hot 33
            done[name] = start + step.seconds
        return done

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
