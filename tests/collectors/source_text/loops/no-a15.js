const BRACKETS = [
  { upTo: 11000, rate: 0.1 },
  { upTo: 44725, rate: 0.12 },
  { upTo: 95375, rate: 0.22 },
  { upTo: 182100, rate: 0.24 },
  { upTo: Infinity, rate: 0.32 },
];

function tax(income) {
  let due = 0;
  let from = 0;
  for (const b of BRACKETS) {
    if (income <= from) break;
    due += (Math.min(income, b.upTo) - from) * b.rate; // <- 0
    from = b.upTo;
  }
  return due;
}

function payroll(employees) {
  return employees.map((e) => {
    const t = tax(e.salary * 12); // <- 1
    return { id: e.id, gross: e.salary, net: e.salary - t / 12 };
  });
}

module.exports = payroll;
