/// Lottery tickets carry a signature that the terminals can check offline.
pub struct Key {
    pub modulus: u64,
    pub exponent: u64,
}

#[derive(Debug)]
pub struct Ticket {
    pub serial: u64,
    pub signature: u64,
}

fn mul(a: u64, b: u64, m: u64) -> u64 {
    ((a as u128 * b as u128) % m as u128) as u64 // <- hot 72
}

impl Key {
    fn power(&self, base: u64) -> u64 {
        let mut result = 1 % self.modulus;
        let mut square = base % self.modulus;
        let mut e = self.exponent;
        while e > 0 {
            if e & 1 == 1 {
                result = mul(result, square, self.modulus); // <- hot 8
            }
            square = mul(square, square, self.modulus); // <- hot 13
            e >>= 1;
        }
        result
    }

    pub fn valid(&self, ticket: &Ticket) -> bool {
        self.power(ticket.signature) == ticket.serial % self.modulus
    }
}

pub fn forged<'a>(key: &Key, tickets: &'a [Ticket]) -> Vec<&'a Ticket> {
    tickets.iter().filter(|t| !key.valid(t)).collect()
}
