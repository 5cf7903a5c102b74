// expect: healthy bench
// Sets psalters for parish printers: an order names an edition (type size, with or without antiphons), the verses are
// hyphenated at the mediant, numbered, escaped and put together into one XML document that goes to the press.
// Measured: 0.43 cores with the problem, 0.06 repaired, for the same 8 psalters a second.

use std::fmt::Write;
use std::fs;
use std::sync::mpsc::{sync_channel, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const ORDERS_PER_SECOND: f64 = 8.0;
const PSALMS: usize = 150;

#[derive(Clone, Copy)]
struct Edition {
    order: u32,
    points: u8,
    antiphons: bool,
    drop_caps: bool,
}

struct Psalm {
    number: usize,
    title: String,
    antiphon: String,
    verses: Vec<(String, String)>,
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % end as u64) as usize
    }
}

fn phrase(words: usize, chance: &mut Chance) -> String {
    const WORDS: [&str; 20] = [
        "sing", "unto", "the", "hills", "and", "rivers", "hear", "my", "voice", "morning", "shall", "stone", "lift",
        "harp & lute", "gate", "of", "night", "keep", "thy", "path",
    ];
    (0..words).map(|_| WORDS[chance.below(WORDS.len())]).collect::<Vec<_>>().join(" ")
}

fn psalms() -> Vec<Psalm> {
    let mut chance = Chance(42);
    (1..=PSALMS)
        .map(|number| {
            let count = 8 + chance.below(26);
            Psalm {
                number,
                title: phrase(4, &mut chance),
                antiphon: phrase(9, &mut chance),
                verses: (0..count)
                    .map(|_| {
                        let first = 6 + chance.below(6);
                        let second = 5 + chance.below(6);
                        (phrase(first, &mut chance), phrase(second, &mut chance))
                    })
                    .collect(),
            }
        })
        .collect()
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

fn initial(out: &mut String, text: &str, points: u8) -> std::fmt::Result {
    if let Some(first) = text.chars().next() {
        let rest = &text[first.len_utf8()..];
        write!(out, "<cap size=\"{}\">{}</cap>", points * 3, first.to_uppercase())?;
        escape(out, rest);
    }
    Ok(())
}

fn verse(out: &mut String, edition: &Edition, number: usize, halves: &(String, String)) -> std::fmt::Result {
    write!(out, "    <verse n=\"{}\"><half>", number)?;
    if number == 1 && edition.drop_caps {
        initial(out, &halves.0, edition.points)?;
    } else {
        escape(out, &halves.0);
    }
    out.push_str("</half><mediant>*</mediant><half>");
    escape(out, &halves.1);
    out.push_str("</half></verse>\n");
    Ok(())
}

fn typeset(edition: &Edition, psalms: &[Psalm]) -> Result<String, std::fmt::Error> {
    let mut document = String::with_capacity(1 << 20);
    write!(
        document,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<psalter order=\"{}\" points=\"{}\">\n",
        edition.order, edition.points
    )?;
    for psalm in psalms {
        write!(document, "  <psalm n=\"{}\">\n    <title>", psalm.number)?;
        escape(&mut document, &psalm.title);
        document.push_str("</title>\n");
        if edition.antiphons {
            document.push_str("    <antiphon>");
            escape(&mut document, &psalm.antiphon);
            document.push_str("</antiphon>\n");
        }
        for (at, halves) in psalm.verses.iter().enumerate() {
            verse(&mut document, edition, at + 1, halves)?;
        }
        document.push_str("  </psalm>\n");
    }
    document.push_str("</psalter>\n");
    Ok(document)
}

fn orders() -> Receiver<Edition> {
    let (send, receive) = sync_channel(8);
    thread::spawn(move || {
        let pause = Duration::from_secs_f64(1.0 / ORDERS_PER_SECOND);
        let mut due = Instant::now();
        for order in 0u32.. {
            let edition = Edition {
                order,
                points: [9, 10, 12, 14][order as usize % 4],
                antiphons: order % 3 != 0,
                drop_caps: order % 2 == 0,
            };
            if send.send(edition).is_err() {
                return;
            }
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    });
    receive
}

fn main() -> std::io::Result<()> {
    let psalms = psalms();
    fs::create_dir_all("press")?;
    for edition in orders() {
        let document = typeset(&edition, &psalms).expect("a text can be written to");
        fs::write(format!("press/tray{}.xml", edition.order % 6), &document)?;
        if edition.order == 5 {
            println!("ready {}", std::process::id());
        }
    }
    Ok(())
}
