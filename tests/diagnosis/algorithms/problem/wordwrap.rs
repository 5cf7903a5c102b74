/// Lays out proportional text for the in-game dialogue boxes.
pub struct Font {
    widths: [u16; 128],
    fallback: u16,
}

impl Font {
    pub fn new(widths: [u16; 128], fallback: u16) -> Self {
        Font { widths, fallback }
    }

    fn width(&self, c: char) -> u32 {
        let w = *self.widths.get(c as usize).unwrap_or(&self.fallback);
        u32::from(w)
    }
}

pub struct Line {
    pub from: usize,
    pub to: usize,
}

fn char_at(text: &str, i: usize) -> char {
    text.chars().nth(i).unwrap_or('\n') // <- cost hot 88
}

/// Splits the text into lines of at most `limit` pixels; positions count characters.
pub fn wrap(text: &str, font: &Font, limit: u32) -> Vec<Line> {
    let len = text.chars().count();
    let mut lines = Vec::new();
    let mut from = 0;
    let mut last_space = None;
    let mut used = 0;
    let mut i = 0;
    while i < len {
        let c = char_at(text, i); // <- cost
        if c == '\n' {
            lines.push(Line { from, to: i });
            from = i + 1;
            used = 0;
            last_space = None;
            i += 1;
            continue;
        }
        if c == ' ' {
            last_space = Some(i);
        }
        used += font.width(c);
        if used > limit && i > from {
            let cut = last_space.filter(|&s| s > from).unwrap_or(i);
            lines.push(Line { from, to: cut });
            from = if last_space == Some(cut) { cut + 1 } else { cut };
            i = from;
            used = 0;
            last_space = None;
            continue;
        }
        i += 1;
    }
    lines.push(Line { from, to: len });
    lines
}
