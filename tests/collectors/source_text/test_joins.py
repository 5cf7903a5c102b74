"""Loops that look through the same in each round of another loop, in several languages; and near misses.

``// <- 0`` marks the innermost line of the stack, ``// <- 1`` its caller's, and so on; ``// <- outer`` the loop that is
told.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.algorithms.joins import At, join_at
from perfdoctor.collectors.source_text.keeping.keepers import keeps
from perfdoctor.collectors.source_text.sources import Source, Sources
from tests.collectors.source_text.one_file import OneFile

_MARK = re.compile(r"(?://|#) <- (\w+)(?: ([\w()]+))?(, outer)?$")

NEAREST_RUST = """
impl Linker {
    fn nearest(&self, place: Place) -> Option<usize> {
        let mut least = NEAR * NEAR;
        let mut best = None;
        for (number, track) in self.tracks.iter().enumerate() {
            let distance = track.last.distance2(place); // <- 0
            if distance < least {
                least = distance;
                best = Some(number);
            }
        }
        best
    }

    fn take(&mut self, seen: &[Place]) {
        for &place in seen { // <- outer
            match self.nearest(place) { // <- 1
                Some(number) => self.tracks[number].sightings += 1,
                None => self.tracks.push(Track::new(place)),
            }
        }
    }
}"""

FOUND = {
    "a method of each element compares": (
        ".java",
        """
class Open {
    int points(Player player) {
        int halves = 0;
        for (Game game : games) { // <- 0
            if (game.has(player)) {
                halves += game.halvesOf(player);
            }
        }
        return halves;
    }

    Row row(Player player) {
        int buchholz = 0;
        for (Game game : gamesOf(player)) { // <- outer
            buchholz += points(game.other(player)); // <- 1
        }
        return new Row(player, buchholz);
    }
}

class Game {
    boolean has(Player player) {
        return white == player || black == player;
    }
}
""",
    ),
    "a function of one line compares, beside a figure": (
        ".js",
        """
const sameThread = (left, right) => left.dye === right.dye && Math.abs(left.row - right.row) <= 1; // <- 0

class Joiner {
  candidates(left, gauge) {
    return this.panel.rights.filter(
      (right) => sameThread(left, right) && gauge.gap(left, right) <= gauge.tolerance, // <- 1
    );
  }

  joins(gauge) {
    const taken = new Map();
    for (const left of this.panel.lefts) { // <- outer
      taken.set(left, this.candidates(left, gauge)); // <- 2
    }
    return taken;
  }
}
""",
    ),
    "a table of pandas, by conditions on lines of their own": (
        ".py",
        """
def match(self, loads):
    contracts = self.contracts
    for load in loads.itertuples(index=False):  # <- outer
        valid = contracts[
            (contracts["grower"] == load.grower)  # <- 0
            & (contracts["from"] <= load.weighed)
        ]
        take(valid)
""",
    ),
    "a table of pandas, for each of many that a comprehension makes of a few": (
        ".py",
        """
PLOTS = [f"{county}-{number:03d}" for county in ("Kent", "Devon", "Fife") for number in range(1, 91)]

def summarise(sightings):
    for plot in PLOTS:  # <- outer
        show(sightings[sightings["plot"] == plot])  # <- 0
""",
    ),
    "as many as there is room for": (
        ".py",
        """
SLOTS = [None] * ROOM

def place(cars):
    for car in cars:  # <- outer
        for slot in SLOTS:
            if slot == car.number:  # <- 0
                break
""",
    ),
    "a table of pandas, by a mask, in a function of its own": (
        ".py",
        """
def rates_of(table, number):
    mask = (table.number == number) & (table.valid > 0)  # <- 0
    return table.loc[mask, "rate"]

def bill(table, calls):
    for call in calls:  # <- outer
        add(rates_of(table, call.number))  # <- 1
""",
    ),
    "the soonest of all, by a standard algorithm and a comparison of its own, in C++": (
        ".cpp",
        """
inline bool sooner(const Due &a, const Due &b) {
    return a.hour != b.hour ? a.hour < b.hour : a.order < b.order; // <- 0
}

class Calendar {
    bool take(double until, Due &next) {
        auto first = std::min_element(pending_.begin(), pending_.end(), sooner); // <- 1
        next = *first;
        return true;
    }
};

void run(Calendar &calendar) {
    while (calendar.take(until, due)) { // <- 2, outer
        work(due);
    }
}
""",
    ),
    "the least of all, by a built-in, in Python": (
        ".py",
        """
class Queue:
    def take(self):
        first = min(self.pending)  # <- 0
        self.pending.remove(first)
        return first

def run(queue):
    while True:  # <- outer
        work(queue.take())  # <- 1
""",
    ),
    "all, behind a property": (
        ".py",
        """
class Runner:
    @property
    def rank(self):
        mine = self.progress
        return 1 + sum(1 for other in FIELD if other.progress < mine)  # <- 0

    def row(self):
        return {"rank": self.rank, "bib": self.bib}  # <- 1

def board(race, group):
    first = sorted(race.by_group[group], key=progress_of)[:30]
    for runner in first:  # <- outer
        yield runner.row()  # <- 2
""",
    ),
    "for what a call gives in each round": (
        ".go",
        """
func (holds *Holds) Next(work string) *Hold {
	for at, hold := range holds.waiting { // <- 0
		if hold.Work == work && !hold.Asleep {
			holds.waiting = append(holds.waiting[:at], holds.waiting[at+1:]...)
			return hold
		}
	}
	return nil
}

func (desk *Desk) Return(volume Volume, at int) Decision {
	if hold := desk.holds.Next(volume.Work); hold != nil { // <- 1
		return Decision{"hold shelf", at, hold.Reader}
	}
	return Decision{"stacks", at, 0}
}

func (desk *Desk) turn() {
	for count := 0; count < perTurn; count++ { // <- outer
		decision := desk.Return(desk.volumes[desk.dice.Intn(len(desk.volumes))], 7) // <- 2
		desk.counts[decision.Kind]++
	}
}""",
    ),
    "all that the owner has, by a generator with a frame of its own": (
        ".py",
        """
class Runner:
    def __init__(self, race, bib):
        self.race = race
        self.bib = bib

    @property
    def rank(self):
        mine = self.progress
        return 1 + sum(
            1 for other in self.race.runners  # <- 1
            if other.progress < mine  # <- 0
        )

    def row(self):
        return {"rank": self.rank, "bib": self.bib}  # <- 2

class Race:
    def __init__(self):
        self.runners = [Runner(self, bib) for bib in range(2000)]

    def board(self, group):
        first = sorted(self.by_group[group], key=progress_of)[:30]
        for runner in first:  # <- outer
            yield runner.row()  # <- 3
""",
    ),
    "all, behind a getter": (
        ".js",
        """
class Order {
  get customer() {
    return CUSTOMERS.find((each) => each.id === this.customerId); // <- 0
  }
}

function report(orders) {
  for (const order of orders) { // <- outer
    total += order.customer.discount; // <- 1
  }
}""",
    ),
    "the nearest of all, in Rust": (".rs", NEAREST_RUST),
    "the soonest of all, by reduce": (
        ".js",
        """
class Agenda {
  soonest() {
    return this.entries.reduce((best, { at }, index, all) => (at < all[best].at ? index : best), 0); // <- 0
  }
  next() {
    return this.entries.splice(this.soonest(), 1)[0]; // <- 1
  }
}
function advance(agenda, until) {
  for (let event; (event = agenda.next()); ) { // <- 2, outer
    event.happen(until);
  }
}""",
    ),
    "lanes that somebody else hands in": (
        ".js",
        """
class Watch {
  constructor(lanes) {
    this.lanes = lanes;
  }
  check(floes) {
    for (const lane of this.lanes) { // <- outer
      for (const floe of floes) {
        if (floe.x === lane.from) return floe; // <- 0
      }
    }
  }
}
const watch = new Watch(readLanes());
""",
    ),
    "the least of all by a key": (
        ".py",
        """
def serve(self, orders):
    for order in orders:  # <- outer
        kitchen = min(self.kitchens, key=lambda one: one.load)  # <- 0
        kitchen.take(order)
""",
    ),
    "the same, in what the loop calls": (
        ".rs",
        NEAREST_RUST.replace("// <- 1", "// <- 2").replace("// <- 0", "// <- 1")
        + """
impl Place {
    fn distance2(self, other: Place) -> f64 {
        (self.x - other.x) * (self.x - other.x) // <- 0
    }
}""",
    ),
    "lines counted from the start, in JavaScript": (
        ".js",
        """
function locate(text, offset) {
  let line = 0;
  for (let at = 0; at < offset; at++) {
    if (text.charCodeAt(at) === 10) line++; // <- 0
  }
  return line;
}

function check(text) {
  for (const match of text.matchAll(PATTERN)) { // <- outer
    found.push({ start: locate(text, match.index) }); // <- 1
  }
}""",
    ),
    "the same, where V8 has put one function into the other": (
        ".js",
        """
function locate(text, offset) {
  let line = 0;
  for (let at = 0; at < offset; at++) {
    if (text.charCodeAt(at) === 10) line++; // <- 0 check
  }
  return line;
}

function check(text) {
  for (const match of text.matchAll(PATTERN)) { // <- outer
    found.push({ start: locate(text, match.index) });
  }
}

function step() {
  check(document.text); // <- 1
}""",
    ),
    "the same, where V8 has put two functions into a third": (
        ".js",
        """
class Patch {
  lanternAt(universe, slot) {
    return this.fixtures.find((each) => each.universe === universe && each.first <= slot); // <- 0 (anonymous)
  }
}

class Output {
  #slot(universe, slot) {
    return this.patch.lanternAt(universe, slot).level;
  }

  frame(now) {
    this.universes.forEach((levels, universe) => { // <- 1 frame
      for (let slot = 0; slot < SLOTS; slot++) levels[slot] = this.#slot(universe, slot); // <- outer
    });
  }
}""",
    ),
    "a callback that is asked of each, for what a request wants": (
        ".js",
        """
const users = new Array(1000);

function handle(request, response) { // <- outer
  const user = users.find((user) => user.name === request.name); // <- 0
  response.end(user.text);
}""",
    ),
    "a search by key, in Java": (
        ".java",
        """
class Office {
    private final List<Assessment> assessments = new ArrayList<>();

    Assessment find(Payment payment) {
        for (Assessment one : assessments) {
            if (one.number().equals(payment.number())) // <- 0
                return one;
        }
        return null;
    }

    static void reconcile(Office office, List<Payment> payments) {
        for (Payment payment : payments) { // <- outer
            settle(office.find(payment)); // <- 1
        }
    }
}""",
    ),
    "two nested loops, in Go": (
        ".go",
        """package main

func match(orders []Order, payments []Payment) {
	for _, payment := range payments { // <- outer
		for i := 0; i < len(orders); i++ { // <- 0
			if orders[i].Number == payment.Number {
				orders[i].Paid = true
				break
			}
		}
	}
}""",
    ),
    "pairs, in C": (
        ".c",
        """
int doubles(struct row *rows, int count)
{
    int found = 0;
    for (int i = 0; i < count; i++) { // <- outer
        for (int j = 0; j < count; j++) {
            if (rows[i].key == rows[j].key) // <- 0
                found++;
        }
    }
    return found;
}""",
    ),
    "a standard algorithm, in C++": (
        ".cpp",
        """
const Stop *Plan::find(const std::string &name) const
{
    auto it = std::find_if(stops_.begin(), stops_.end(),
        [&](const Stop &stop) { return stop.name == name; }); // <- 0
    return it == stops_.end() ? nullptr : &*it;
}

void Plan::take(const std::vector<Trip> &trips)
{
    for (const auto &trip : trips) // <- outer
        use(find(trip.from)); // <- 1
}""",
    ),
    "the longest silent of all, in C": (
        ".c",
        """
static struct bag *place_for_one(struct bags *all)
{
    struct bag *silent = &all->bags[0];
    for (int i = 1; i < BAGS; i++)
        if (all->bags[i].heard < silent->heard)
            silent = &all->bags[i]; // <- 0
    return silent;
}

int main(void)
{
    while (next_telegram(&telegram)) { // <- outer
        struct bag *bag = place_for_one(&all); // <- 1
        *bag = telegram.bag;
    }
}""",
    ),
    "the soonest of all, in Go": (
        ".go",
        """package main

func (q *queue) next() *job {
	best := q.jobs[0]
	for _, job := range q.jobs {
		if job.due < best.due { // <- 0
			best = job
		}
	}
	return best
}

func run(q *queue) {
	for { // <- outer
		do(q.next()) // <- 1
	}
}""",
    ),
    "a generator, in Python": (
        ".py",
        """
def price_of(tariffs, code):
    return next((t for t in tariffs if t.code == code), None)  # <- 0

def bill(tariffs, calls):
    for call in calls:  # <- outer
        add(price_of(tariffs, call.code))  # <- 1
""",
    ),
    "nested loops with a guard, in Python": (
        ".py",
        """
class Bank:
    def settle(self, transfers):
        for transfer in transfers:  # <- outer
            for account in self.accounts:
                if account.number != transfer.number:  # <- 0
                    continue
                account.book(transfer)
""",
    ),
}

NOT_FOUND = {
    "what a search by halves leaves, in Rust": (
        ".rs",
        NEAREST_RUST.replace(" // <- outer", "").replace(
            "self.tracks.iter().enumerate()",
            "self.tracks[self.tracks.partition_point(|t| t.at < place.at)..].iter().enumerate()",
        ),
    ),
    "what a search by halves leaves, in Python": (
        ".py",
        """
def nearest(tracks, place):
    least = best = None
    first = bisect_left(tracks, place.at)
    near = tracks[first : first + 40]
    for track in near:
        off = abs(track.y - place.y)  # <- 0
        if least is None or off < least:
            least, best = off, track
    return best

def take(tracks, seen):
    for place in seen:
        show(nearest(tracks, place))  # <- 1
""",
    ),
    "rows of a table, once for all": (
        ".py",
        """
def late(table, limit):
    return table[table.due < limit]  # <- 0

def report(table, limit):
    for row in late(table, limit).itertuples():
        show(row)
""",
    ),
    "rows of a table of the round's own": (
        ".py",
        """
def late(desks, limit):
    for desk in desks:
        table = desk.table()
        show(table[table.due < limit])  # <- 0
""",
    ),
    "rows of a table for the few that stand in the source": (
        ".py",
        """
def sums(table):
    for kind in ("beet", "wheat", "rye"):
        show(kind, table[table.kind == kind].weight.sum())  # <- 0
""",
    ),
    "rows of a table for the few that a comprehension makes": (
        ".py",
        """
PLOTS = [f"{county}-{number}" for county in ("Kent", "Devon", "Fife") for number in range(1, 5)]

def summarise(sightings):
    for plot in PLOTS:
        show(sightings[sightings["plot"] == plot])  # <- 0
""",
    ),
    "eight slots": (
        ".py",
        """
SLOTS = [None] * 8

def place(cars):
    for car in cars:
        for slot in SLOTS:
            if slot == car.number:  # <- 0
                break
""",
    ),
    "a bucket of a grid, which a table tells": (
        ".java",
        """
class Tile {
    int nearest(float x, float y) {
        int best = -1;
        int from = begin[cellOf(x) * CELLS + cellOf(y)];
        int to = begin[cellOf(x) * CELLS + cellOf(y) + 1];
        for (int i = from; i < to; i++) {
            float distance = Math.abs(xs[i] - x) + Math.abs(ys[i] - y); // <- 0
            if (distance < least) best = i;
        }
        return best;
    }

    void match(List<Mark> marks) {
        for (Mark mark : marks) {
            take(nearest(mark.x, mark.y)); // <- 1
        }
    }
}
""",
    ),
    "an element by its number": (
        ".py",
        """
def places(order, rows):
    for row in rows:
        show(order[row.place - 1])  # <- 0
""",
    ),
    "a few lanes, which the constructor gets": (
        ".js",
        """
const LANES = [{ name: "inner", from: 0 }, { name: "outer", from: 900 }];
class Watch {
  constructor(lanes) {
    this.lanes = lanes;
  }
  check(floes) {
    for (const lane of this.lanes) {
      for (const floe of floes) {
        if (floe.x < lane.from) continue; // <- 0
        this.seen += 1;
      }
    }
  }
}
class Radar {
  watch = new Watch(LANES);
}
""",
    ),
    "a method of each element decides by itself": (
        ".java",
        """
class Open {
    int points(Player player) {
        int halves = 0;
        for (Game game : games) { // <- 0
            if (game.suits(player)) {
                halves += 1;
            }
        }
        return halves;
    }

    void rows() {
        for (Player player : players) {
            out.add(points(player)); // <- 1
        }
    }
}

class Game {
    boolean suits(Player player) {
        rules.apply(this);
        return player.score(rules) > least;
    }
}
""",
    ),
    "each row has columns of its own": (
        ".py",
        """
def count(rows, wanted):
    found = 0
    for row in rows:
        for value in row.values:
            if value == wanted:  # <- 0
                found += 1
    return found
""",
    ),
    "its own lines, of the object that is called": (
        ".java",
        """
class Basket {
    boolean holds(String name) {
        for (Line line : lines) {
            if (line.name().equals(name)) // <- 0
                return true;
        }
        return false;
    }

    static int count(List<Basket> baskets, String name) {
        int found = 0;
        for (Basket basket : baskets) {
            if (basket.holds(name)) // <- 1
                found++;
        }
        return found;
    }
}""",
    ),
    "a sum of products": (
        ".c",
        """
void multiply(const double *a, const double *b, double *c, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += a[i * n + k] * b[k * n + j]; // <- 0
            c[i * n + j] = sum;
        }
}""",
    ),
    "each element is changed": (
        ".go",
        """package main

func relax(distance []int, edges []Edge) {
	for _, edge := range edges {
		for i := range distance {
			if distance[i] > edge.Weight {
				n++
			}
			distance[i] = min(distance[i], edge.Weight) // <- 0
		}
	}
}""",
    ),
    "the fields around one": (
        ".cpp",
        """
int Map::neighbours(int at, int *found) const
{
    int count = 0;
    for (int y = at / WIDE - 1; y <= at / WIDE + 1; y++)
        for (int x = at % WIDE - 1; x <= at % WIDE + 1; x++)
            if (free_[y * WIDE + x]) // <- 0
                found[count++] = y * WIDE + x;
    return count;
}
""",
    ),
    "the samples around a peak": (
        ".py",
        """
def width(trace, peaks):
    for peak in peaks:
        yield sum(trace[at] > trace[peak] / 2 for at in range(max(0, peak - 8), min(len(trace), peak + 9)))  # <- 0
""",
    ),
    "a table of few, listed in the source": (
        ".py",
        """
GRADES = (("A", 30), ("B", 20), ("C", 0))

def grade(trunks):
    for trunk in trunks:
        yield next(name for name, least in GRADES if trunk.width >= least)  # <- 0
""",
    ),
    "numbers are crunched to decide": (
        ".c",
        """
int primes(const int *known, int count, int limit)
{
    int found = 0;
    for (int number = 2; number < limit; number++) {
        for (int i = 0; i < count; i++) {
            if (number % known[i] == 0) // <- 0
                break;
        }
        found++;
    }
    return found;
}""",
    ),
    "the time goes to what is done with what was found": (
        ".py",
        """
def bill(calls, tariffs):
    for call in calls:
        for tariff in tariffs:
            if tariff.code == call.code:
                call.price = tariff.price * call.minutes + tariff.base  # <- 0
""",
    ),
    "each tick goes over all that is there": (
        ".js",
        """
function sweep(now) {
  for (const session of sessions.values()) {
    if (session.until < now) ended++; // <- 0
  }
}

while (true) {
  sweep(Date.now()); // <- 1
}""",
    ),
    "rounds are only counted": (
        ".py",
        """
def measure(rows):
    for _ in range(1000):
        for row in rows:
            if row.value > LIMIT:  # <- 0
                above += 1
""",
    ),
    "a token, read up to its end": (
        ".cpp",
        """
std::vector<Token> split(const std::string &text)
{
    std::vector<Token> found;
    size_t at = 0;
    while (at < text.size()) {
        size_t first = at;
        while (at < text.size() && text[at] != ' ') // <- 0
            at++;
        found.push_back({first, at});
        at++;
    }
    return found;
}""",
    ),
    "a list that is made for each round": (
        ".py",
        """
def check(orders):
    for order in orders:
        lines = parse(order.text)
        for line in lines:
            if line.code == order.code:  # <- 0
                found += 1
""",
    ),
    "rules that are asked": (
        ".py",
        """
def discounts(orders, rules):
    for order in orders:
        for rule in rules:
            if rule.matches(order):  # <- 0
                given += 1
""",
    ),
    "a tour of which parts are turned round": (
        ".java",
        """
class Planner {
    private static int exchange(Stops stops, int[] order) {
        for (int first = 1; first < order.length - 1; first++) {
            for (int last = first + 1; last < order.length; last++) {
                double now = stops.way(order[first - 1], order[first]);
                double then = stops.way(order[first - 1], order[last]);
                if (then < now) { // <- 0
                    turn(order, first, last);
                }
            }
        }
        return made;
    }
}""",
    ),
    "a walk through a graph": (
        ".rs",
        """
fn follows(&self, upper: usize, lower: usize, seen: &mut Vec<bool>) -> bool {
    let mut open = vec![upper];
    while let Some(at) = open.pop() {
        for &next in &self.layers[at].below {
            if next == lower { // <- 0
                return true;
            }
            if !seen[next] {
                seen[next] = true;
                open.push(next);
            }
        }
    }
    false
}

fn essential(&self) -> Vec<(usize, usize)> {
    let mut kept = Vec::new();
    for (upper, lower) in self.relations.iter() {
        if !self.follows(*upper, *lower, &mut vec![false; self.layers.len()]) { // <- 1
            kept.push((*upper, *lower));
        }
    }
    kept
}""",
    ),
    "what is written, and whether that went well": (
        ".go",
        """
func (e *exporter) feature(out io.Writer, r *region) error {
	for at, one := range e.segments {
		if at > 0 {
			io.WriteString(out, ",")
		}
		_, err := fmt.Fprintf(out, "[%.6f,%.6f]", r.lon+one.fromX*pixel, r.lat+one.fromY*pixel) // <- 0
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) export(path string, r *region) error {
	file, _ := os.Create(path)
	out := bufio.NewWriter(file)
	for level := 700.0; level < 2400; level += interval {
		e.feature(out, r) // <- 1
	}
	return out.Flush()
}

func main() {
	for number := 0; ; number++ {
		e.export(fmt.Sprintf("region-%d.json", number%5), r) // <- 2
	}
}""",
    ),
    "the hours of a day": (
        ".py",
        """
SINES = [math.sin(math.pi * hour / 12) for hour in range(24)]

def warmth(middle, swing, base):
    above = 0.0
    for sine in SINES:
        celsius = middle + swing * sine
        if celsius > base:  # <- 0
            above += celsius - base
    return above / 24

def ripe(season, base):
    for day, (low, high) in enumerate(season):
        total += warmth(low, high, base)  # <- 1
""",
    ),
    "the most of what each round makes": (
        ".py",
        """
def classify(images, weights):
    for image in images:
        scores = forward(image, weights)
        best = 0
        for at in range(len(scores)):
            if scores[at] > scores[best]:  # <- 0
                best = at
        yield best
""",
    ),
    "the most, of a line of each row": (
        ".c",
        """
void peaks(const double *rows, double *out, int height, int width)
{
    for (int y = 0; y < height; y++) {
        const double *row = rows + y * width;
        double most = row[0];
        for (int x = 1; x < width; x++) {
            if (row[x] > most) // <- 0
                most = row[x];
        }
        out[y] = most;
    }
}""",
    ),
    "a neighbourhood": (
        ".rs",
        """
fn alive(cells: &[bool], width: usize) -> usize {
    let mut found = 0;
    for at in 0..cells.len() {
        for step in 0..8 {
            if cells[at + OFFSETS[step]] == cells[at] { // <- 0
                found += 1;
            }
        }
    }
    found
}""",
    ),
    "the main program's own search, once": (
        ".go",
        """package main

func main() {
	wanted := os.Args[1]
	for _, row := range load() {
		if row.Name == wanted { // <- 0
			n++
		}
	}
}""",
    ),
}


def _marks(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if mark := _MARK.search(line):
            yield number, mark[1], mark[2] or ""
            if mark[3]:
                yield number, "outer", ""


def _asked(suffix: str, text: str) -> tuple[int | None, int | None]:
    """The line of the outer loop that is marked, and the one that is told."""
    file = f"/srv/program{suffix}"
    marks = list(_marks(text))
    stack = [At(file, line, function) for line, mark, function in sorted(marks, key=lambda m: m[1]) if mark != "outer"]
    join = join_at(OneFile(Source(file, text.encode())), stack)
    return next((line for line, mark, _ in marks if mark == "outer"), None), join.outer.line if join else None


@pytest.mark.parametrize("name", FOUND)
def test_a_loop_that_looks_through_the_same_is_found_with_the_loop_around_it(name: str) -> None:
    marked, told = _asked(*FOUND[name])
    assert told == marked is not None


@pytest.mark.parametrize("name", NOT_FOUND)
def test_a_near_miss_is_left_alone(name: str) -> None:
    assert _asked(*NOT_FOUND[name]) == (None, None)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*FOUND.values(), *NOT_FOUND.values()]),
    st.integers(0, 2000),
    st.integers(0, 60),
    st.text(max_size=20),
    st.lists(st.integers(1, 60), min_size=1, max_size=4),
)
def test_a_source_that_is_not_what_it_was_is_no_error(
    example: tuple[str, str], at: int, cut: int, put: str, lines: list[int]
) -> None:
    suffix, text = example
    file = f"/srv/program{suffix}"
    changed = (text[:at] + put + text[at + cut :]).encode("utf-8", "surrogatepass")
    join_at(OneFile(Source(file, changed)), [At(file, line) for line in lines])


@pytest.mark.parametrize("suffix", [".py", ".js", ".go", ".java", ".rs", ".cpp"])
def test_what_nests_without_end_says_nothing(suffix: str) -> None:
    deep = f"for (a of {'f(' * 20_000}b{')' * 20_000}) {{ if (a == {'(' * 20_000}c{')' * 20_000}) d(); }}"
    source = Source(f"/srv/program{suffix}", deep.encode())
    assert join_at(OneFile(source), [At("/srv/program", 1)]) is None
    assert not keeps(source, 1)
    chain = f"for (a of b) {{ found = {'a == c && ' * 20_000}d == e; }}"
    assert join_at(OneFile(Source(f"/srv/program{suffix}", chain.encode())), [At("/srv/program", 1)]) is None


def test_a_file_is_read_within_bounds() -> None:
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large.py"), Path(folder, "small.py")
        large.write_text("x = 1\n" * 200_000)
        small.write_text("x = 1\n")
        sources = Sources(LocalHost(), os.getpid())
        assert sources.of(str(large)) is None
        assert sources.of(str(small)) is not None
        assert sources.of(str(Path(folder, "none.py"))) is None
        assert sources.of(folder + "/text.txt") is None
