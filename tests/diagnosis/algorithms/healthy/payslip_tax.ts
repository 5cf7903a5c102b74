export interface Bracket {
  upTo: number;
  rate: number;
}

export interface Employee {
  id: string;
  country: "NL" | "BE" | "DE";
  yearly: number;
  bonuses: number[];
}

const BRACKETS: Record<Employee["country"], Bracket[]> = {
  NL: [{ upTo: 38_000, rate: 0.358 }, { upTo: 76_000, rate: 0.375 }, { upTo: Infinity, rate: 0.495 }],
  BE: [{ upTo: 15_800, rate: 0.25 }, { upTo: 27_900, rate: 0.4 }, { upTo: 48_300, rate: 0.45 }, { upTo: Infinity, rate: 0.5 }],
  DE: [{ upTo: 11_600, rate: 0 }, { upTo: 66_700, rate: 0.3 }, { upTo: 277_800, rate: 0.42 }, { upTo: Infinity, rate: 0.45 }],
};

function taxOn(income: number, brackets: Bracket[]): number {
  let tax = 0;
  let floor = 0;
  for (const { upTo, rate } of brackets) { // <- hot 22
    if (income <= floor) break;
    tax += (Math.min(income, upTo) - floor) * rate; // <- hot 31
    floor = upTo;
  }
  return tax;
}

const marginal = (income: number, brackets: Bracket[]): number =>
  brackets.find((b) => income <= b.upTo)!.rate; // <- hot 17

export function* payslips(staff: Iterable<Employee>) {
  for (const e of staff) {
    const brackets = BRACKETS[e.country];
    const bonus = e.bonuses.reduce((a, b) => a + b, 0); // <- hot 11
    const tax = taxOn(e.yearly, brackets) + bonus * marginal(e.yearly, brackets);
    yield { id: e.id, gross: (e.yearly + bonus) / 12, net: (e.yearly + bonus - tax) / 12 };
  }
}
