// expect: healthy bench
// Threads draw from one stock and work the price out before they take it.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

#[inline(never)]
fn work_out(article: u64) -> f64 {
    let mut price = 1.0;
    for i in 1..400_000u64 {
        price += ((article + i) as f64).sqrt() / i as f64;
    }
    price
}

#[inline(never)]
fn draw(stock: &Mutex<HashMap<u64, f64>>, article: u64) {
    let price = work_out(article);
    let mut held = stock.lock().unwrap();
    held.insert(article % 1000, price);
}

fn main() {
    let stock = Arc::new(Mutex::new(HashMap::new()));
    let mut threads = Vec::new();
    for first in 0..3u64 {
        let stock = Arc::clone(&stock);
        threads.push(thread::spawn(move || {
            let mut article = first * 1_000_003;
            loop {
                draw(&stock, article);
                article += 1;
            }
        }));
    }
    println!("ready {}", std::process::id());
    for thread in threads {
        thread.join().unwrap();
    }
}
