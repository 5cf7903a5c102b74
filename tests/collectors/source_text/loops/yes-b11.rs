pub struct Account {
    pub iban: String,
    pub owner: u32,
    pub closed: bool,
}

pub struct Transfer {
    pub from: String,
    pub to: String,
    pub cents: i64,
}

pub struct Bank {
    accounts: Vec<Account>,
    frozen: Vec<u32>,
}

impl Bank {
    fn slot(&self, iban: &str) -> Option<usize> {
        self.accounts.iter().position(|a| a.iban == iban) // <- 0
    }

    fn check(&self, t: &Transfer) -> Result<(usize, usize), &'static str> {
        let a = self.slot(&t.from).ok_or("no source")?; // <- 1
        let b = self.slot(&t.to).ok_or("no target")?;
        if self.accounts[a].closed || self.accounts[b].closed {
            return Err("closed");
        }
        Ok((a, b))
    }

    pub fn validate(&self, batch: &[Transfer]) -> Result<Vec<(usize, usize)>, &'static str> {
        batch.iter().map(|t| self.check(t)).collect() // <- 2 outer
    }
}
