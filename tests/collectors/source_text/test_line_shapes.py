"""What the text of a hot line says: positives in several languages, and near misses that must say nothing."""

import pytest

from perfdoctor.collectors.source_text.shapes.line_shapes import shape_of
from perfdoctor.schemas.cpu import LineShape

SAYS = {
    "a list sorted after each push": (
        LineShape.RESORT,
        """  join(player) {
    this.waiting.push(player);
    this.waiting.sort((a, b) => a.rating - b.rating); // <- hot""",
    ),
    "the same in Python": (
        LineShape.RESORT,
        """        self.due.append(job)
        self.due.sort(key=attrgetter("at"))  # <- hot""",
    ),
    "the same in Go": (
        LineShape.RESORT,
        """	t.open = append(t.open, next)
	sort.Slice(t.open, func(i, j int) bool { return t.open[i].cost < t.open[j].cost }) // <- hot""",
    ),
    "the same in Java": (
        LineShape.RESORT,
        """        bids.add(bid);
        Collections.sort(bids, BY_PRICE); // <- hot""",
    ),
    "the same in C++": (
        LineShape.RESORT,
        """    open.push_back(node);
    std::sort(open.begin(), open.end(), cheaper); // <- hot""",
    ),
    "a wait for an atomic variable in C": (
        LineShape.SPIN,
        """    while (atomic_load_explicit(&from->tail, memory_order_acquire) == head) // <- hot
        ;
    *frame = from->slots[head % SLOTS];""",
    ),
    "a wait with a pause in C++": (
        LineShape.SPIN,
        """while (!ready.load(std::memory_order_acquire)) { // <- hot
    _mm_pause();
}""",
    ),
    "a wait in Rust": (
        LineShape.SPIN,
        """while !self.done.load(Ordering::Acquire) { // <- hot
    std::hint::spin_loop();
}""",
    ),
    "a wait in Go": (
        LineShape.SPIN,
        """for !stopped.Load() { // <- hot
	runtime.Gosched()
}""",
    ),
    "a wait in Go, in one line": (LineShape.SPIN, """for atomic.LoadInt32(&ready) == 0 {} // <- hot"""),
    "a wait in Java": (
        LineShape.SPIN,
        """while (!published) { // <- hot
    Thread.onSpinWait();
}""",
    ),
    "a volatile flag in C": (LineShape.SPIN, """while (!flag); // <- hot"""),
    "a queue that is asked until something comes": (
        LineShape.SPIN,
        """while ((found = queue.poll()) == null) { // <- hot
    Thread.onSpinWait();
}""",
    ),
    "a letter of a text of UTF-8, in Rust": (LineShape.LETTER, """self.text.chars().nth(column) // <- hot"""),
    "a letter of a text, in Go": (LineShape.LETTER, """mark := []rune(line)[column] // <- hot"""),
    "a letter of a text, in JavaScript": (LineShape.LETTER, """const mark = [...this.text][column]; // <- hot"""),
    "the first letter": (None, """let first = text.chars().nth(0); // <- hot"""),
    "a linked list in C": (
        LineShape.WALK,
        """for (struct flow *f = first; f; f = f->next) /* all */
    if (f->key.from == key->from
        && f->key.to == key->to) // <- hot
        return f;""",
    ),
    "sorted, for the first": (
        LineShape.RESORT,
        """members.sort(byLoad); // <- hot
assigned.get(members.get(0)).add(partition);""",
    ),
    "sorted, for all": (
        None,
        """members.sort(byLoad); // <- hot
for (String member : members) {
    print(member);""",
    ),
    "the one before, in a linked list": (
        LineShape.WALK,
        """while (node != this) {
    previous = node;
    node = node.nextSibling; // <- hot
}""",
    ),
    "a chain of a hash table": (
        LineShape.BUCKET,
        """struct entry *e = table[hash(key) % SIZE];
while (e) {
    if (e->key == key) // <- hot
        return e;
    e = e->next;
}""",
    ),
    "the chain of a table's place": (
        LineShape.BUCKET,
        """struct word *word = words[at];
while (word && strcasecmp(word->text, text)) // <- hot
    word = word->next;""",
    ),
    "a linked list, to its end": (
        LineShape.WALK,
        """struct word *word = list->first;
while (word && strcasecmp(word->text, text)) // <- hot
    word = word->next;""",
    ),
    "a linked list in Go": (
        LineShape.WALK,
        """for node := l.head; node != nil; node = node.next {
	if node.id == id { // <- hot
		return node
	}
}""",
    ),
    "an array in C, by name": (
        LineShape.SCAN,
        """for (int i = 0; i < known; i++)
    if (strcmp(hosts[i].name, name) == 0) // <- hot
        return &hosts[i];""",
    ),
    "a slice in Go": (
        LineShape.SCAN,
        """for _, order := range orders {
	if order.customer == customer { // <- hot
		return order
	}
}""",
    ),
    "a list in Java": (
        LineShape.SCAN,
        """for (Customer c : customers) {
    if (c.name().equals(name)) { // <- hot
        return c;
    }
}""",
    ),
    "the end of a loop": (
        LineShape.SCAN,
        """for (Customer c : customers) {
    if (c.name().equals(name)) return c;
} // <- hot""",
    ),
    "an array in JavaScript": (
        LineShape.SCAN,
        """for (const user of users) {
  if (user.id === id) return user; // <- hot
}""",
    ),
    "a vector in Rust": (
        LineShape.SCAN,
        """for item in items.iter() {
    if item.key == key { // <- hot
        return Some(item);
    }
}""",
    ),
    "the head of a list in Java": (LineShape.SHIFT, "sum += inbox.remove(0); // <- hot"),
    "the head of a vector in C++": (LineShape.SHIFT, "events.erase(events.begin()); // <- hot"),
    "a list that is spread into itself": (LineShape.GROW, "all = [...all, ...page]; // <- hot"),
    "an object that is spread into itself": (LineShape.GROW, "this.state = {...this.state, [key]: value}; // <- hot"),
    "a buffer that grows": (LineShape.GROW, "body = Buffer.concat([body, chunk]); // <- hot"),
    "lists that are added up": (LineShape.GROW, "rows = sum(groups.values(), [])  # <- hot"),
    "a buffer that is joined once": (LineShape.JOIN, "return Buffer.concat(chunks); // <- hot"),
    "out of the midst of a slice": (LineShape.SHIFT, "s.jobs = append(jobs[:i], jobs[i+1:]...) // <- hot"),
}
SAYS_NOTHING = {
    "numbers that are added up": "total = sum(counts)  # <- hot",
    "a list that is filled, then sorted": """for (const row of rows) {
  found.push(row);
}
found.sort(byDate); // <- hot""",
    "a loop of one line that fills it": """for (String line : lines) boxes.add(parse(line));
boxes.sort(order()); // <- hot""",
    "another list": """mine.push(job);
yours.sort(byDate); // <- hot""",
    "all of a list appended": """found = append(found, more...)
sort.Strings(found) // <- hot""",
    "a loop whose condition is its work": "while (step(&machine)); // <- hot",
    "a loop that moves on in its condition": "while (*to++ = *from++); // <- hot",
    "the end of a loop with its work above": """do {
    total += *next++;
} while (next < end); // <- hot""",
    "the end of a loop, on a line of its own": """do
{
    total += *next++;
}
while (next < end); // <- hot""",
    "a loop that counts": """while (low < high) { // <- hot
    low += step;
}""",
    "a loop over all without a body": "for (; *text; text++); // <- hot",
    "a channel that is emptied": """for range updates { // <- hot
}""",
    "probing of a hash table": """for (size_t i = h & mask; slots[i].used; i = (i + 1) & mask)
    if (slots[i].key == key) // <- hot
        return &slots[i];""",
    "a search by halves": """while (low < high) {
    int middle = (low + high) / 2;
    if (keys[middle] == key) // <- hot
        return middle;
}""",
    "the letters of a text": """for (size_t i = 0; i < size; i++)
    if (text[i] == '\\n') // <- hot
        lines++;""",
    "a sum": """for (int i = 0; i < size; i++)
    if (rows[i].kind == kind) // <- hot
        total += rows[i].price * rows[i].count;""",
    "work for each": """for _, job := range jobs {
	if run(job) == nil { // <- hot
		return
	}
}""",
    "the end of a block beside a loop": """for (Customer c : customers) {
    if (c.name().equals(name)) return c;
}
if (customers.isEmpty()) {
    warn();
} // <- hot""",
    "a tree": """while (node) {
    if (node->key == key) // <- hot
        return node;
    node = key < node->key ? node->left : node->right;
}""",
    "a comparison in no loop": """int same(int a, int b)
{
    if (a == b) // <- hot
        return 1;
}""",
    "two lists in a new one": "const all = [...mine, ...yours]; // <- hot",
    "an append at the end": "jobs = append(jobs, job) // <- hot",
    "a line that is not there": "",
}


def hot(text: str) -> tuple[list[str], int]:
    lines = text.splitlines()
    return lines, next((number for number, line in enumerate(lines, 1) if "<- hot" in line), 7)


@pytest.mark.parametrize("case", SAYS)
def test_a_line_that_says_what_it_does(case: str) -> None:
    shape, text = SAYS[case]
    assert shape_of(*hot(text)) is shape


@pytest.mark.parametrize("case", SAYS_NOTHING)
def test_a_line_that_does_not(case: str) -> None:
    assert shape_of(*hot(SAYS_NOTHING[case])) is None


@pytest.mark.parametrize("number", [-1, 0, 2, 10**9])
def test_hostile_positions_and_texts_say_nothing(number: int) -> None:
    assert shape_of(["for (" * 2000 + "\x00" * 100], number) is None
