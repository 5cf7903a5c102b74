use std::collections::HashMap;

pub struct Customer {
    pub id: u32,
    pub name: String,
}

pub struct Order {
    pub customer: u32,
    pub lines: Vec<(String, i64)>,
}

pub fn statement(customers: &[Customer], orders: &[Order]) -> Vec<(String, i64)> {
    let by_id: HashMap<u32, &Customer> = customers.iter().map(|c| (c.id, c)).collect();
    orders
        .iter()
        .filter_map(|o| {
            let c = by_id.get(&o.customer)?;
            let total = o.lines.iter().map(|(_, cents)| *cents).sum::<i64>(); // <- 0
            Some((c.name.clone(), total))
        })
        .collect()
}
