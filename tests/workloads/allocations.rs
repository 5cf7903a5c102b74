// A Rust program whose every allocation is known: "ready PID", "go", one JSON line of truth, "stop".
use std::io::{self, BufRead, Write};
use std::{mem, ptr};

/// (that of std::hint is there from Rust 1.66 on; Debian 12 has 1.63)
fn black_box<T>(value: T) -> T {
    let same = unsafe { ptr::read_volatile(&value) };
    mem::forget(value);
    same
}

#[inline(never)]
fn keep(kept: &mut Vec<Box<[u8; 1013]>>, times: usize) -> u32 {
    for i in 0..times {
        kept.push(Box::new([i as u8; 1013])); // kept
    }
    line!() - 2
}

#[inline(never)]
fn pass(times: usize) -> u32 {
    for i in 0..times {
        black_box(Vec::<u64>::with_capacity(black_box(7 + i % 2))); // passing
    }
    line!() - 2
}

fn main() {
    println!("ready {}", std::process::id());
    io::stdout().flush().unwrap();
    let mut words = io::stdin().lock().lines();
    words.next();
    let mut kept = Vec::with_capacity(2000);
    let (at_kept, at_passing) = (keep(&mut kept, 1511), pass(3002));
    println!(
        "{{\"{}\": {{\"function\": \"keep\", \"calls\": 1511, \"bytes\": {}, \"frees\": 0, \"freed_bytes\": 0}}, \"{}\": \
         {{\"function\": \"pass\", \"calls\": 3002, \"bytes\": {}, \"frees\": 3002, \"freed_bytes\": {}}}}}",
        at_kept, 1511 * 1013, at_passing, 1501 * 15 * 8, 1501 * 15 * 8
    );
    io::stdout().flush().unwrap();
    words.next();
    black_box(&kept);
}
