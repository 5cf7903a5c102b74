// expect: healthy bench
// Exports the errata of a scholarly press: for each volume a file of slips (page, line, what is printed, what it should
// read) that the binders' and booksellers' systems collect. A volume is exported again when the editors touched it.
//
// Measured: at 15 exports/s: 0.38 cores as it was; 0.02 cores in the repaired one.
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

const VOLUMES: usize = 24;
const SLIPS: usize = 3_000;
const EXPORTS_PER_SECOND: u32 = 15;

struct Slip {
    page: u16,
    line: u8,
    printed: String,
    read: String,
    editor: &'static str,
}

struct Volume {
    shelf_mark: String,
    revision: u32,
    slips: Vec<Slip>,
}

const SYLLABLES: [&str; 12] = ["ver", "lo", "ty", "pa", "gra", "mi", "sten", "co", "rix", "u", "bal", "neo"];
const EDITORS: [&str; 4] = ["Quill", "Vellum", "Octavo", "Rubric"];

fn word(seed: usize) -> String {
    let mut rest = seed;
    let mut made = String::new();
    for _ in 0..2 + seed % 3 {
        made.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest = rest / 5 + 7;
    }
    made
}

fn make_volume(number: usize) -> Volume {
    let mut slips: Vec<Slip> = (0..SLIPS)
        .map(|n| {
            let seed = n * 7919 + number * 104_729;
            Slip {
                page: 1 + (seed / 31 % 640) as u16,
                line: 1 + (seed % 41) as u8,
                printed: word(seed),
                read: word(seed + 1),
                editor: EDITORS[seed % EDITORS.len()],
            }
        })
        .collect();
    slips.sort_by_key(|slip| (slip.page, slip.line));
    Volume { shelf_mark: format!("SP-{:03}", number + 1), revision: 1, slips }
}

fn touch(volume: &mut Volume, round: usize) {
    volume.revision += 1;
    let at = round * 37 % volume.slips.len();
    volume.slips[at].read = word(round * 613);
}

fn write_head(out: &mut impl Write, volume: &Volume) -> io::Result<()> {
    writeln!(out, "#errata {} revision {}", volume.shelf_mark, volume.revision)?;
    writeln!(out, "#page\tline\tprinted\tread\teditor")
}

fn write_slips(out: &mut impl Write, volume: &Volume) -> io::Result<()> {
    for slip in &volume.slips {
        writeln!(out, "{}\t{}\t{}\t{}\t{}", slip.page, slip.line, slip.printed, slip.read, slip.editor)?;
    }
    writeln!(out, "#end {}", volume.slips.len())
}

fn export(folder: &Path, volume: &Volume) -> io::Result<()> {
    let partial = folder.join(format!("{}.part", volume.shelf_mark));
    let mut out = BufWriter::with_capacity(1 << 16, File::create(&partial)?);
    write_head(&mut out, volume)?;
    write_slips(&mut out, volume)?;
    out.flush()?;
    fs::rename(&partial, folder.join(format!("{}.errata", volume.shelf_mark)))
}

fn main() -> io::Result<()> {
    let folder = Path::new("errata");
    fs::create_dir_all(folder)?;
    let mut volumes: Vec<Volume> = (0..VOLUMES).map(make_volume).collect();
    println!("ready {}", process::id());
    let mut due = Instant::now();
    for round in 0usize.. {
        let volume = &mut volumes[round * 5 % VOLUMES];
        touch(volume, round);
        export(folder, volume)?;
        due += Duration::from_secs(1) / EXPORTS_PER_SECOND;
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else {
            due = now;
        }
    }
    Ok(())
}
