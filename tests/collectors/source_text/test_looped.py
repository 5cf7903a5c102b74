"""Does a line stand in a loop of its own function? In several languages, with near misses."""

import pytest

from perfdoctor.collectors.source_text.asking.looped import stands_in_loop

REPEATED = {
    "an await in JavaScript": """async collect(lot) {
  for (const merchant of this.merchants) {
    try {
      offers.push(await merchant.offer(lot)); // <- here
    } catch (error) {""",
    "one line": "for (;;) await board.tender(await queue.next()); // <- here",
    "a with in Python": """def report(self):
    for shop in self.shops:
        with self.lock:
            total += stock(shop)  # <- here""",
    "while in Go": """func (c *crawler) run() {
	for c.more() {
		body, err := c.fetch(c.next()) // <- here""",
    "Java": """    void load(List<Integer> ids) {
        for (int id : ids) {
            if (id > 0) {
                prices.put(id, ask(id)); // <- here""",
    "loop in Rust": """    loop {
        let answer = ask(&mut line)?; // <- here""",
    "an argument on a line of its own": """def all(self):
    for name in names:
        found = fetch(
            name,  # <- here
        )""",
}
ONCE = {
    "a function without a loop": """def stock(shop):
    answer = requests.get(shop)  # <- here
    return answer""",
    "a function that is made in a loop": """for (const shop of shops) {
  jobs.push(async () => {
    await ask(shop); // <- here
  });
}""",
    "after a loop": """def report(self):
    for shop in self.shops:
        total += 1
    send(total)  # <- here""",
    "a loop in a text": """def report(self):
    say("for all shops:")
    send(total)  # <- here""",
    "a class that has a loop above": """    while True:
        pass
class Shop {
  ask() {
    return get(this.url); // <- here""",
    "nothing": "",
}


def ask(text: str) -> bool:
    lines = text.splitlines()
    return stands_in_loop(lines, next((n for n, line in enumerate(lines, 1) if "<- here" in line), 3))


@pytest.mark.parametrize("case", REPEATED)
def test_a_line_in_a_loop(case: str) -> None:
    assert ask(REPEATED[case])


@pytest.mark.parametrize("case", ONCE)
def test_a_line_that_is_run_once(case: str) -> None:
    assert not ask(ONCE[case])
