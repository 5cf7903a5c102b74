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
        for cell in &mut self.cells[..self.occupied] {
            *cell = Cell::default(); // <- hot 7
        }
        self.occupied = 0;
    }
}

pub struct Screen {
    rows: Vec<Row>,
    max_rows: usize,
    columns: usize,
    column: usize,
}

impl Screen {
    pub fn new(lines: usize, history: usize, columns: usize) -> Self {
        Screen { rows: vec![Row::new(columns)], max_rows: lines + history, columns, column: 0 }
    }

    fn linefeed(&mut self) {
        if self.rows.len() < self.max_rows {
            self.rows.push(Row::new(self.columns));
        } else {
            let mut recycled = self.rows.remove(0); // <- cost hot 79
            recycled.reset();
            self.rows.push(recycled);
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.column = 0;
            self.linefeed();
        }
        let row = self.rows.last_mut().expect("screen has a row");
        row.cells[self.column].c = c; // <- hot 8
        row.occupied = row.occupied.max(self.column + 1);
        self.column += 1;
    }

    pub fn write(&mut self, output: &str) {
        for c in output.chars() {
            match c {
                '\n' => self.linefeed(),
                '\r' => self.column = 0,
                c => self.put(c),
            }
        }
    }

    pub fn line(&self, from_bottom: usize) -> Option<&Row> {
        self.rows.len().checked_sub(from_bottom + 1).map(|i| &self.rows[i])
    }
}
