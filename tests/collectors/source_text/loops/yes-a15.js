class Budget {
  constructor(accounts, postings) {
    this.accounts = accounts;
    this.postings = postings;
  }

  balance(accountId) {
    return this.postings.reduce(
      (sum, p) => (p.account === accountId ? sum + p.amount : sum), // <- 0
      0,
    );
  }

  report() {
    const rows = [];
    this.accounts.forEach((a) => { // <- outer
      const b = this.balance(a.id); // <- 1
      if (b !== 0) rows.push([a.code, a.title, b.toFixed(2)]);
    });
    return rows;
  }
}

module.exports = Budget;
