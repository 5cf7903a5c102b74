"""Near misses of what the text says of an algorithm, beside what it is said of."""

import pytest

from perfdoctor.collectors.source_text.algorithms.algorithms import algorithm_at
from perfdoctor.collectors.source_text.algorithms.joins import At
from perfdoctor.collectors.source_text.sources import Source
from perfdoctor.schemas.cpu import LineShape
from tests.collectors.source_text.one_file import OneFile


def shape(suffix: str, text: str) -> LineShape | None:
    """Of the stack of marked lines: ``# 0`` the innermost."""
    source = Source(f"/srv/program{suffix}", text.encode())
    marks = {int(line.rsplit(None, 1)[-1]): n for n, line in enumerate(source.lines, 1) if line[-1:].isdigit()}
    stack = [At(f"/srv/program{suffix}", marks[depth]) for depth in sorted(marks)]
    found = algorithm_at(OneFile(source), stack)
    return found.shape if found else None


MEAN = """
class Channel:
    def take(self, value):
        self.samples.append(value)
        return self.mean()  # 1
    def mean(self):
        return sum(self.samples) / len(self.samples)  # 0
"""
FAMILIES = """
def families(words):
    groups = []
    for word in words:
        for group in groups:
            if alike(group[0], word):  # 0
                group.append(word)
                break
        else:
            groups.append([word])
"""
TIMES = """
def times(roads, best):
    changed = True
    while changed:
        changed = False
        for road in roads:
            if best[road.start] + road.minutes < best[road.end]:  # 0
                best[road.end] = best[road.start] + road.minutes
                changed = True
"""
WAYS = """
def ways(stairs, steps):
    if stairs == 0:
        return 1
    return sum(ways(stairs - step, steps) for step in steps if step <= stairs)  # 0
"""
RIGHTS = """
def rights(user, grants):
    found = set()
    for grant in grants:
        if grant.user == user.id:  # 0
            found.add(grant.folder)
    return found
def visible(user, files, grants):
    return [one for one in files if one.folder in rights(user, grants)]  # 1
"""
TOUCHES = """
func (f *Flock) push(b, other *Bird) {
	d := b.X - other.X // 0
	if d > f.Radius {
		return
	}
	b.V += d
}
func (f *Flock) step() {
	for i := range f.Birds {
		for j := range f.Birds {
			f.push(&f.Birds[i], &f.Birds[j]) // 1
		}
	}
}
"""


SEEN = """
class Feed {
    private final Set<String> seen = new HashSet<>();
    boolean first(String key) {
        if (seen.contains(key)) { // 0
            return false;
        }
        return seen.add(key);
    }
}
"""
NEXT = """
function order(tasks) {
  const done = new Set();
  let left = [...tasks];
  while (left.length > 0) {
    const next = left.find((task) => task.needs.every((one) => done.has(one))); // 0
    done.add(next.name);
    left = left.filter((task) => task !== next);
  }
}
"""
PLACE = """
package a
func (s *Scanner) line() int {
	before := s.text[:s.at]
	return strings.Count(before, "\\n") + 1 // 0
}
func (s *Scanner) next() Token {
	s.at++
	return Token{s.line()} // 1
}
"""
MEDIAN = """
class Belts:
    def take(self, belt, speed):
        usual = self.usual(belt)  # 1
        self.speeds[belt].append(speed)
    def usual(self, belt):
        return sorted(self.speeds[belt])[0]  # 0
"""
HEAP = """
void pop(struct wheel *w) {
    struct timer last = w->heap[--w->count];
    size_t i = 0, c;
    while ((c = 2 * i + 1) < w->count) {
        if (w->heap[c].due >= last.due) // 0
            break;
        w->heap[i] = w->heap[c];
        i = c;
    }
    w->heap[i] = last;
}
"""
REPLIES = """
function thread(children, parent, depth) {
  return children.get(parent).map((one) => ({ id: one.id, replies: thread(children, one.id, depth + 1) })); // 0
}
"""
SPLIT = """
def best(text):
    if not text:
        return 0
    for cut in range(1, len(text)):
        head, tail = text[:cut], text[cut:]
        found = score(head) + best(tail)  # 0
    return found
"""
CONTACTS = """
import itertools
def contacts(rocks):
    for a, b in itertools.combinations(rocks, 2):
        if touch(a, b):  # 1
            yield a, b
def touch(a, b):
    return abs(a.x - b.x) < 1  # 0
"""
SHARDS = """
class Workshop:
    def __init__(self, shards):
        self.shards = shards
    def likely(self, wanted):
        return min(apart(wanted, signature(shard.edge)) for shard in self.shards)  # 1
def signature(edge):
    values = []
    for lag in range(1, 20):
        total = 0
        for one, other in zip(edge, edge[lag:]):
            total += one * other  # 0
        values.append(total)
    return values
"""
WINDOWS = """
std::vector<float> means(const std::vector<float>& flow, size_t reach) {
    std::vector<float> out(flow.size());
    for (size_t i = 0; i < flow.size(); ++i) {
        size_t low = i < reach ? 0 : i - reach, high = std::min(i + reach + 1, flow.size());
        double sum = 0;
        for (size_t at = low; at < high; ++at) {
            sum += flow[at]; // 0
        }
        out[i] = sum / (high - low);
    }
    return out;
}
"""
NEAR = """
function meet(bodies) {
  for (let i = 0; i < bodies.length; i++) {
    for (let j = i + 1; j < bodies.length; j++) {
      if (bodies[j].low > bodies[i].high) break;
      if (bodies[j].left > bodies[i].right) continue; // 0
      touch(bodies[i], bodies[j]);
    }
  }
}
"""
TOPS = """
class Layout {
  top(line) {
    let top = 0;
    for (let i = 0; i < line; i++) {
      top += this.heights[i]; // 0
    }
    return top;
  }
}
function boxes(layout, marks) {
  return marks.map((mark) => layout.top(mark.line)); // 1
}
"""
PLACES = """
class Text {
  constructor(text) {
    this.text = text;
  }
  place(at) {
    const lines = this.text.split(BREAK); // 0
    return search(lines, at);
  }
}
function places(text, nodes) {
  for (const node of nodes) {
    node.place = text.place(node.at); // 1
  }
}
"""
RANKED = """
package a
func (s *Stone) Deficit() float64 {
	var lacks Millimetres
	for _, reading := range s.readings {
		lacks += reading.Dry // 0
	}
	return lacks
}
func rank(stones []*Stone) {
	sort.Slice(stones, func(i, j int) bool {
		return stones[i].Deficit() > stones[j].Deficit() // 1
	})
}
"""
VEINS = """
def veins(light, padded):
    height, width = light.shape
    for y in range(height):
        for x in range(width):
            dark[y, x] = light[y, x] < padded[y + 1, x + 1]  # 0
"""
TAXES = """
def with_tax(table):
    for i in range(len(table)):
        table.loc[i, "gross"] = table.loc[i, "net"] * 1.19  # 0
"""
MOST = """
import time
def serve(prices):
    while True:
        best = max(prices, key=lambda price: price.cents)  # 0
        time.sleep(0.02)
"""


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        (".py", MEAN, LineShape.EACH_TIME),
        (".py", MEAN.replace("samples.append(value)", "samples.append(value)\n        self.samples.clear()"), None),
        (".py", MEAN.replace("self.samples.append", "self.others.append"), None),
        (".py", MEAN.replace("sum(self.samples)", "sum(self.samples[-20:])"), None),
        (".py", FAMILIES, LineShape.NESTED),
        (".py", FAMILIES.replace("in groups:", "in groups[hash(word)]:"), None),
        (".py", FAMILIES.replace("groups.append", "others.append"), None),
        (".py", TIMES, LineShape.SWEEP),
        (".py", TIMES.replace(" < ", " != "), None),
        (".py", TIMES.replace("                changed = True", "                updated = True"), None),
        (".py", WAYS, LineShape.OVERLAP),
        (".py", "from functools import cache\n@cache" + WAYS, None),
        (".py", WAYS.replace("stairs - step", "step.next"), None),
        (".py", WAYS.replace("stairs - step, steps)", "stairs - step, 4 * steps + step)"), None),
        (".py", RIGHTS, LineShape.SAME),
        (".py", RIGHTS.replace("rights(user, grants)]", "rights(one.user, grants)]"), LineShape.NESTED),
        (".py", RIGHTS.replace("found.add(grant.folder)", "audit.write(grant)"), None),
        (".go", "package a" + TOUCHES, LineShape.NESTED),
        (".go", "package a" + TOUCHES.replace("for j := range f.Birds", "for j := range f.near(i)"), None),
        (".go", "package a" + TOUCHES.replace("return", "f.far++"), None),
        (".java", SEEN, None),
        (".java", SEEN.replace("Set<", "List<").replace("HashSet", "ArrayList"), LineShape.EACH_TIME),
        (".js", NEXT, LineShape.SWEEP),
        (".js", NEXT.replace("task !== next", "task.open"), LineShape.SWEEP),
        (".js", NEXT.replace("left.length > 0", "queue.length > 0"), None),
        (".go", PLACE, LineShape.NESTED),
        (".go", PLACE.replace("s.at++", "s.from = s.at"), None),
        (".py", MEDIAN, LineShape.EACH_TIME),
        (".py", MEDIAN.replace("self.speeds[belt].append", "self.others[belt].append"), None),
        (".py", MEDIAN.replace("[belt].append(speed)", "[belt][0] = speed"), None),
        (".c", HEAP, None),
        (".js", REPLIES, None),
        (".js", REPLIES.replace("depth + 1", "depth - 1"), LineShape.OVERLAP),
        (".py", SPLIT, LineShape.OVERLAP),
        (".py", SPLIT.replace("text[cut:]", "rest(text)"), None),
        (".py", CONTACTS, LineShape.NESTED),
        (".py", CONTACTS.replace("combinations(rocks, 2)", "pairwise(rocks)"), None),
        (".py", SHARDS, LineShape.SAME),
        (".py", SHARDS.replace("signature(shard.edge)", "signature(shard.edge, wanted)"), None),
        (".py", SHARDS + "def turn(shard):\n    shard.edge = shard.edge[::-1]\n", None),
        (".py", SHARDS + "def fetch(workshop):\n    workshop.shards = read()\n", None),
        (".py", SHARDS.replace("values.append(total)", "audit.write(total)"), None),
        (".cpp", WINDOWS, LineShape.NESTED),
        (".cpp", WINDOWS.replace("sum += flow[at]", "sum += flow[at] * weight[at - low]"), None),
        (".js", NEAR, None),
        (".js", NEAR.replace(" break;", " { far.push(i); break; }"), LineShape.NESTED),
        (".js", TOPS, LineShape.NESTED),
        (".js", TOPS.replace("let i = 0;", "let i = line - 1;").replace("i < line", "i < line + 1"), None),
        (".js", PLACES, LineShape.SAME),
        (".js", PLACES + "Text.prototype.put = function (more) { this.text += more; };", None),
        (".js", PLACES.replace("text.place(node.at)", "node.text.place(node.at)"), None),
        (".go", RANKED, LineShape.SAME),
        (".go", RANKED.replace("for _, reading := range s.readings", "if reading := s.last; reading.Rain == 0"), None),
        (".go", RANKED.replace("sort.Slice(", "visit("), None),
        (".py", VEINS, LineShape.ELEMENTS),
        (".py", VEINS.replace("light.shape", "3, 3"), None),
        (".py", VEINS.replace(", x", ""), None),
        (".py", TAXES, LineShape.CELLS),
        (".py", TAXES.replace("table.loc[i,", "table.loc[:,"), None),
        (".py", TAXES.replace("table.loc[i,", "table.loc[table.shop == i,"), LineShape.FILTER),
        (".py", MOST, None),
    ],
    ids=[
        "a mean of all for each", "of what is emptied", "of another list", "of the last few",
        "a search in what grows", "in a bucket", "in what does not grow",
        "rounds until nothing changes", "until all have their place", "without an end by that",
        "the same sums again", "kept", "down a list", "another board each time",
        "the same for each file", "all for each file", "does something",
        "all pairs", "neighbours", "all are worked on",
        "in a set", "in a list", "the next one of all", "the next one of those that are open", "of others",
        "the lines before", "of what stands still", "sorted for each", "others are sorted", "one is changed",
        "down a heap", "down a tree", "so many steps from there", "parts with names", "parts of another",
        "combinations", "neighbours in order", "the same of each shard", "of each and of what is asked for",
        "shards change", "others each time", "does something with each", "windows", "weighed windows",
        "those that are near, in order", "as long as there are any", "sums up to a place", "of the last two",
        "all lines for each place", "of a text that grows", "of each node's own text",
        "keys of a comparison", "keys that are there", "no sort",
        "an array by its elements", "a few shifts", "its rows",
        "a table by its cells", "its columns", "rows by a condition", "once in each rest",
    ],
)  # fmt: skip
def test_what_the_text_says(suffix: str, text: str, expected: LineShape | None) -> None:
    assert shape(suffix, text) is expected
