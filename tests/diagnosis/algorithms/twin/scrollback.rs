#[derive(Clone, Copy)]
pub struct Cell {
    pub c: char,
    pub fg: u8,
    pub bg: u8,
    pub flags: u16,
}

impl Default for Cell {
    fn default() -> Self {
        Cell { c: ' ', fg: 7, bg: 0, flags: 0 }
    }
}

#[derive(Clone)]
pub struct Row {
    cells: Vec<Cell>,
    occupied: usize,
}

impl Row {
    fn new(columns: usize) -> Self {
        Row { cells: vec![Cell::default(); columns], occupied: 0 }
    }

    fn reset(&mut self) {
        for cell in &mut self.cells[..self.occupied] { // <- hot 12
            *cell = Cell::default(); // <- hot 24
        }
        self.occupied = 0;
    }
}

pub struct Screen {
    rows: Vec<Row>,
    zero: usize,
    max_rows: usize,
    columns: usize,
    column: usize,
}

impl Screen {
    pub fn new(lines: usize, history: usize, columns: usize) -> Self {
        Screen { rows: vec![Row::new(columns)], zero: 0, max_rows: lines + history, columns, column: 0 }
    }

    fn index(&self, from_bottom: usize) -> usize {
        let len = self.rows.len();
        (self.zero + len - 1 - from_bottom) % len
    }

    fn linefeed(&mut self) {
        if self.rows.len() < self.max_rows {
            self.rows.push(Row::new(self.columns));
        } else {
            self.rows[self.zero].reset();
            self.zero = (self.zero + 1) % self.rows.len();
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.column = 0;
            self.linefeed();
        }
        let bottom = self.index(0);
        let row = &mut self.rows[bottom];
        row.cells[self.column].c = c; // <- hot 31
        row.occupied = row.occupied.max(self.column + 1);
        self.column += 1;
    }

    pub fn write(&mut self, output: &str) {
        for c in output.chars() { // <- hot 19
            match c {
                '\n' => self.linefeed(),
                '\r' => self.column = 0,
                c => self.put(c),
            }
        }
    }

    pub fn line(&self, from_bottom: usize) -> Option<&Row> {
        (from_bottom < self.rows.len()).then(|| &self.rows[self.index(from_bottom)])
    }
}
