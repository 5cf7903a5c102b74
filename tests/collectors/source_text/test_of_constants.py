"""What a function makes of constants alone, whenever it is asked for something."""

import pytest

from perfdoctor.collectors.source_text.algorithms.of_constants import of_constants_at
from perfdoctor.collectors.source_text.sources import Source

FARES = """class Fares:
    def __init__(self, rows):
        self.rows = rows

    def price(self, sku):
        table = {row["sku"]: row["price"] for row in self.rows}  # <- 0
        return table[sku]

def main(rows):
    fares = Fares(rows)
    for sku in sys.stdin:
        print(fares.price(sku))  # <- 1
"""
SORTED = """SCORES = read("scores.csv")

def rank(score):
    order = sorted(SCORES, reverse=True)  # <- 0
    return bisect.bisect(order, score)
"""
INVERTED = """class Model:
    def __init__(self, covariance):
        self.covariance = covariance

    def distance(self, seen):
        return float(seen @ np.linalg.inv(self.covariance) @ seen)  # <- 0

class Desk:
    def __init__(self):
        self.model = Model(read())

    def judge(self, seen):
        return self.model.distance(seen) < 3  # <- 1
"""
WORDS = """import re
NOTES = [f"note {number}" for number in range(400)]

def search(wanted):
    hits = []
    for note in NOTES:
        words = set(re.findall(r"[a-z]+", note.lower()))  # <- 0
        if wanted in words:
            hits.append(note)
    return hits
"""
GO = """package main

type fares struct { rows []row }

func newFares(all []row) *fares {
	f := &fares{}
	for _, one := range all {
		f.rows = append(f.rows, one)
	}
	return f
}
func (f *fares) price(sku string) int {
	table := make(map[string]int, len(f.rows))
	for _, r := range f.rows { // <- head
		table[r.sku] = r.price // <- 0
	}
	return table[sku]
}
func (d *desk) serve(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, d.fares.price(r.URL.Path)) // <- 1
}
"""
JAVA = """class Desk {
    private final List<Row> rows;
    private final Fares fares = new Fares(rows);
    static class Fares {
        private final List<Row> rows;
        Fares(List<Row> rows) { this.rows = rows; }
        int price(String sku) {
            Map<String, Integer> table = rows.stream().collect(Collectors.toMap(Row::sku, Row::price)); // <- 0
            return table.get(sku);
        }
    }
    void serve(Exchange exchange) {
        answer(exchange, fares.price(exchange.path())); // <- 1
    }
}
"""
SCRIPT = """class Fares {
  constructor(rows) { this.rows = rows; }
  price(sku) {
    const table = new Map(this.rows.map((row) => [row.sku, row.price])); // <- 0
    return table.get(sku);
  }
}
const fares = new Fares(read());
function serve(request, response) {
  response.end(`${fares.price(request.url)}`); // <- 1
}
"""
ROUTE = """SCORES = read("scores.csv")

@app.get("/rank")
def rank():
    order = sorted(SCORES, reverse=True)  # <- 0
    return str(bisect.bisect(order, float(request.args["score"])))
"""
CLOSURE = """async function main() {
  const rows = await load("fares.json");
  app.get("/price/:sku", (request, response) => {
    const table = new Map(rows.map((row) => [row.sku, row.price])); // <- 0
    response.send(table.get(request.params.sku));
  });
}
main();
"""
GRAM = INVERTED.replace(
    "return float(seen @ np.linalg.inv(self.covariance) @ seen)  # <- 0",
    "gram = self.covariance.T @ self.covariance  # <- 0\n        return gram * seen",
)
RANKS = """package main

type board struct { scores map[string]int }

func newBoard(all []entry) *board {
	b := &board{scores: map[string]int{}}
	for _, one := range all {
		b.scores[one.name] = one.score
	}
	return b
}
func (b *board) rank(player string) int {
	names := make([]string, 0, len(b.scores))
	for name := range b.scores {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return b.scores[names[i]] > b.scores[names[j]] }) // <- 0
	return slices.Index(names, player)
}
func main() {
	b := newBoard(read())
	for {
		fmt.Println(b.rank(next())) // <- 1
	}
}
"""
TOLD = {
    "fares.py": FARES,
    "sorted.py": SORTED,
    "inverted.py": INVERTED,
    "words.py": WORDS,
    "fares.go": GO,
    "Fares.java": JAVA,
    "fares.js": SCRIPT,
    "ranks.go": RANKS,
    "route.py": ROUTE,
    "gram.py": GRAM,
    "closure.js": CLOSURE,
}
LEFT = {
    "added to": FARES + "\n\ndef more(fares, row):\n    fares.rows.append(row)\n",
    "another price": FARES + '\ndef dearer(row):\n    row["price"] = row["price"] + 1\n',
    "of each one": FARES.replace(
        "    fares = Fares(rows)\n    for sku in sys.stdin", "    for sku, fares in parts(rows)"
    ),
    "of one for each": FARES.replace("for sku in sys.stdin:", "if sku := rows[0].sku:"),
    "what is asked for": FARES.replace("in self.rows}", 'in self.rows if row["sku"] > sku}'),
    "asked for nothing": FARES.replace("self, sku)", "self)").replace("table[sku]", "table"),
    "no route": ROUTE.replace('@app.get("/rank")\n', ""),
    "an unknown function": FARES.replace('row["price"] for', "quote(row) for"),
    "other work beside": SORTED.replace("sorted(SCORES, reverse=True)", "merge(sorted(SCORES), history(score))"),
    "read again": SORTED + "\ndef again():\n    global SCORES\n    SCORES = read('scores.csv')\n",
    "one more score": SORTED + "\ndef one(score):\n    SCORES.append(score)\n",
    "for each note that is asked about": WORDS.replace("in NOTES:", "in found(wanted):"),
    "rows that are added to": CLOSURE.replace("  app.get", "  bus.on('row', (row) => rows.push(row));\n  app.get"),
    "rows that are loaded again": CLOSURE.replace("const rows", "let rows").replace(
        "  app.get", "  bus.on('rows', (all) => { rows = all; });\n  app.get"
    ),
    "rows of each call": CLOSURE.replace("main();", "for (const one of files) main();"),
    "of what is seen": GRAM.replace("@ self.covariance", "@ seen"),
    "another each time": INVERTED.replace(
        "        return float", "        self.covariance += seen\n        return float"
    ),
    "a sum": GO.replace("table[r.sku] =", "total +="),
    "names that it is given": RANKS.replace("range b.scores {\n\t\tnames", "range player {\n\t\tnames"),
    "scores that change": RANKS + "\nfunc (b *board) add(name string) { b.scores[name] += 1 }\n",
    "a text that comes": SORTED.replace(
        "sorted(SCORES, reverse=True)  # <- 0",
        "''\n    for part in score:\n        order += part\n    order = sorted(order)  # <- 0",
    ),
    "filled by a method": SORTED.replace(
        "sorted(SCORES, reverse=True)  # <- 0",
        "array('h')\n    order.frombytes(score)\n    order = sorted(order)  # <- 0",
    ),
    "filled by what is asked for": WORDS.replace(
        "    hits = []", "    keys = {one for one in wanted}\n    hits = []"
    ).replace("note.lower()", "note.lower() + str(keys)"),
    "up to what is asked for": GO.replace("table[r.sku] = r", "if r.sku == sku { break }; table[r.sku] = r"),
}
ENDINGS = {
    **dict.fromkeys(("a sum", "up to what is asked for", "names that it is given", "scores that change"), "go"),
    **dict.fromkeys(("rows that are added to", "rows that are loaded again", "rows of each call"), "js"),
}


def found(name: str, text: str) -> tuple[int, int]:
    """The line that is told, and the one that should be."""
    numbered = list(enumerate(text.split("\n"), 1))
    marks = {said.rpartition("<- ")[2]: at for at, said in numbered if "<- " in said}
    lines = [marks[mark] for mark in ("0", "1") if mark in marks]
    return of_constants_at(Source(f"/srv/{name}", text.encode()), lines), marks.get("head", lines[0])


@pytest.mark.parametrize("name", TOLD)
def test_what_never_changes_is_made_whenever_something_is_asked_for(name: str) -> None:
    told, expected = found(name, TOLD[name])
    assert told == expected


@pytest.mark.parametrize("name", LEFT)
def test_what_may_be_another_each_time_is_left_alone(name: str) -> None:
    told, _ = found(f"left.{ENDINGS.get(name, 'py')}", LEFT[name])
    assert told == 0
