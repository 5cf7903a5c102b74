class Smoother:
    def __init__(self, weights):
        self.weights = weights
        self.half = len(weights) // 2

    def value(self, series, i):
        acc = norm = 0.0
        for k, w in enumerate(self.weights):
            j = i + k - self.half
            if 0 <= j < len(series):
                acc += w * series[j]  # <- 0
                norm += w
        return acc / norm

    def __call__(self, series):
        return [self.value(series, i) for i in range(len(series))]  # <- 1


def smooth_all(channels):
    f = Smoother([1, 2, 4, 2, 1])
    return {name: f(s) for name, s in channels.items()}  # <- 2
