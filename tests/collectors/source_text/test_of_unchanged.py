"""What is worked out again and again of something that changes, but not in what is asked of it."""

import pytest

from perfdoctor.collectors.source_text.algorithms.of_unchanged import of_unchanged_at
from perfdoctor.collectors.source_text.sources import Source

CPP = """constexpr double kPower = 2.2;
struct Probe {
    double x, y;
    double moisture;
};
class Field {
public:
    explicit Field(int many) {
        for (int i = 0; i < many; ++i) probes_.push_back({1.0 * i, 2.0 * i, 0.3});
    }
    const std::vector<Probe>& probes() const { return probes_; }
    void report() {
        for (auto& probe : probes_) probe.moisture -= 0.002;
    }
private:
    std::vector<Probe> probes_;
};
std::vector<float> weights_of(const std::vector<Probe>& probes) {
    std::vector<float> weights(probes.size());
    for (size_t i = 0; i < probes.size(); ++i)
        weights[i] = 1.0 / std::pow(std::hypot(probes[i].x, probes[i].y), kPower);  // <- 0
    return weights;
}
class Map {
public:
    void update(const std::vector<Probe>& probes) {
        const auto weights = weights_of(probes);  // <- 1
        cells_ = blend(weights, probes);
    }
private:
    std::vector<float> cells_;
};
int main() {
    Field field(40);
    Map map;
    for (long round = 0;; ++round) {
        field.report();
        map.update(field.probes());  // <- 2
    }
}
"""
PYTHON = """import math

class Shop:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.stock = 0

def distances(shops):
    return [[math.hypot(a.x - b.x, a.y - b.y) for b in shops] for a in shops]  # <- 0

def deliver(shops, orders):
    for order in orders:
        far = distances(shops)  # <- 1
        shop = nearest(far, order)
        shop.stock -= 1
"""
TOLD = {"field.cpp": CPP, "shops.py": PYTHON}
LEFT = {
    "a member that moves": (CPP, "probe.moisture -= 0.002;", "probe.x += probe.moisture;"),
    "what is asked changes": (CPP, "probes[i].x, probes[i].y", "probes[i].x, probes[i].moisture"),
    "one more each time": (CPP, "void report() {", "void report() {\n        probes_.push_back({1, 2, 3});"),
    "another field each time": (CPP, "        field.report();", "        Field field(40);"),
    "the same for ever": (CPP, "        field.report();", "        sum += 1;"),
    "a shop that moves": (PYTHON, "shop.stock -= 1", "shop.x += 1"),
    "the shops of each order": (PYTHON, "distances(shops)  # <- 1", "distances(order.shops)  # <- 1"),
    "shops from elsewhere": (PYTHON, "self.x, self.y = x, y", "self.place = x, y"),
    "other shops": (PYTHON, "shop.stock -= 1", "shops = shops[1:]"),
}


def told(ending: str, text: str) -> tuple[int, int]:
    """The line that is told, and the one that should be."""
    marks = {said.rpartition("<- ")[2]: at for at, said in enumerate(text.split("\n"), 1) if "<- " in said}
    lines = [marks[mark] for mark in "012" if mark in marks]
    return of_unchanged_at(Source(f"/srv/app.{ending}", text.encode()), lines), lines[1]


@pytest.mark.parametrize("name", TOLD)
def test_nothing_that_is_read_is_ever_another(name: str) -> None:
    found, expected = told(name.rpartition(".")[2], TOLD[name])
    assert found == expected


@pytest.mark.parametrize("name", LEFT)
def test_what_may_be_another_is_left_alone(name: str) -> None:
    text, old, new = LEFT[name]
    assert old in text
    found, _ = told("cpp" if text is CPP else "py", text.replace(old, new))
    assert found == 0
