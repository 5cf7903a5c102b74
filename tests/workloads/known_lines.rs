// The same as known_lines.c in Rust: a generic function, a method of a trait, a closure; waits in the standard library.
use std::io::{self, BufRead, Write};
use std::time::Duration;

extern "C" {
    fn mmap(at: *mut u8, size: usize, protection: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn madvise(at: *mut u8, size: usize, advice: i32) -> i32;
}

mod shop {
    use super::Duration;

    #[inline(never)]
    pub fn burn<N: Into<u32> + Copy>(seed: N, times: u64) -> u32 {
        let mut seed: u32 = seed.into();
        let mut i: u64 = 0;
        while i < times { seed = seed.wrapping_mul(31).wrapping_add((i % 7) as u32); i += 1; } // @hot
        seed
    }

    pub trait Rests {
        fn nap(&self, times: u32) -> u32;
    }

    pub struct Clerk;

    impl Rests for Clerk {
        #[inline(never)]
        fn nap(&self, times: u32) -> u32 {
            let mut whole = 0;
            for _ in 0..times {
                std::thread::sleep(Duration::from_millis(1)); // @wait
                whole += 1;
                unsafe { std::ptr::read_volatile(&whole) }; // (or the last sleep would be a jump, and this function no caller)
            }
            whole
        }
    }

    #[inline(never)]
    pub fn touch(area: *mut u8, pages: usize) -> u32 {
        for page in 0..pages {
            unsafe { *area.add(page * 4096) = 1 } // @touch
        }
        unsafe { std::ptr::read_volatile(area) as u32 }
    }
}

use shop::Rests;

#[inline(never)]
fn work(clerk: &shop::Clerk, area: *mut u8, seed: u32) -> u32 {
    let mut sum = shop::burn(seed, 150_000_000); // @calls burn
    sum = sum.wrapping_add(clerk.nap(23)); // @calls nap
    sum = sum.wrapping_add(shop::touch(area, 211)); // @calls touch
    sum
}

fn main() {
    let area = unsafe { mmap(std::ptr::null_mut(), 211 * 4096, 3, 0x22, -1, 0) };
    unsafe { madvise(area, 211 * 4096, 15) };
    println!("ready {}", std::process::id());
    io::stdout().flush().unwrap();
    let mut lines = io::stdin().lock().lines();
    if lines.next().map_or(true, |word| word.unwrap() != "go") {
        return;
    }
    let seed = work(&shop::Clerk, area, std::process::id()); // @calls work
    println!("{{\"waits\": 23, \"pages\": 211, \"seed\": {}}}", seed);
    io::stdout().flush().unwrap();
    while lines.next().map_or(false, |word| word.unwrap() != "stop") {}
}
