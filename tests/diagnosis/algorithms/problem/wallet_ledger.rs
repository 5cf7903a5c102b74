use std::collections::HashMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry {
    Deposit(i64),
    Withdraw(i64),
    Fee(i64),
}

impl Entry {
    fn signed(self) -> i64 {
        match self {
            Entry::Deposit(c) => c,
            Entry::Withdraw(c) | Entry::Fee(c) => -c,
        }
    }
}

#[derive(Debug)]
pub struct Overdrawn {
    pub wallet: String,
    pub missing: i64,
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is short of {} cents", self.wallet, self.missing)
    }
}

#[derive(Default)]
pub struct Wallet {
    entries: Vec<Entry>,
}

impl Wallet {
    pub fn balance(&self) -> i64 {
        self.entries.iter().map(|e| e.signed()).sum() // <- cost hot 96
    }

    fn post(&mut self, e: Entry) {
        self.entries.push(e);
    }
}

#[derive(Default)]
pub struct Bank {
    wallets: HashMap<String, Wallet>,
}

impl Bank {
    pub fn apply(&mut self, name: &str, e: Entry) -> Result<i64, Overdrawn> {
        let w = self.wallets.entry(name.to_string()).or_default();
        let after = w.balance() + e.signed();
        if after < 0 {
            return Err(Overdrawn { wallet: name.to_string(), missing: -after });
        }
        w.post(e);
        Ok(after)
    }

    pub fn replay<'a>(&mut self, log: impl Iterator<Item = (&'a str, Entry)>) -> usize {
        log.filter(|(name, e)| self.apply(name, *e).is_err()).count()
    }
}
