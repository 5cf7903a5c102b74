use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

#[derive(Clone, Debug, Default)]
pub struct Style {
    pub width: Option<f32>,
    pub height: Option<f32>,
    pub margin: f32,
}

pub struct Node {
    pub tag: String,
    pub text: String,
    pub style: Style,
    parent: RefCell<Option<Rc<Node>>>, // <- cost
    children: RefCell<Vec<Rc<Node>>>,
    height: Cell<f32>,
}

impl Node {
    pub fn new(tag: &str, text: &str, style: Style) -> Rc<Node> {
        Rc::new(Node { // <- made 45
            tag: tag.to_owned(),
            text: text.to_owned(), // <- made 55
            style,
            parent: RefCell::new(None),
            children: RefCell::new(Vec::new()),
            height: Cell::new(0.0),
        })
    }

    pub fn append(self: &Rc<Self>, child: Rc<Node>) {
        *child.parent.borrow_mut() = Some(self.clone()); // <- cost
        self.children.borrow_mut().push(child);
    }

    pub fn available_width(&self) -> f32 {
        if let Some(w) = self.style.width {
            return w - 2.0 * self.style.margin;
        }
        match &*self.parent.borrow() {
            Some(p) => p.available_width() - 2.0 * self.style.margin,
            None => 800.0,
        }
    }

    pub fn measure(&self, glyphs: &HashMap<char, f32>) -> f32 {
        let width = self.available_width().max(1.0);
        let run: f32 = self.text.chars().map(|c| glyphs.get(&c).copied().unwrap_or(8.0)).sum();
        let mut height = (run / width).ceil() * 16.0;
        for c in self.children.borrow().iter() {
            height += c.measure(glyphs);
        }
        let height = self.style.height.unwrap_or(height) + 2.0 * self.style.margin;
        self.height.set(height);
        height
    }
}

pub struct Page {
    root: Rc<Node>,
    glyphs: HashMap<char, f32>,
    heights: Vec<f32>,
}

impl Page {
    pub fn new() -> Self {
        let glyphs = (' '..='~').map(|c| (c, if c.is_uppercase() { 10.0 } else { 7.5 })).collect();
        Page { root: Node::new("body", "", Style::default()), glyphs, heights: Vec::with_capacity(60) }
    }

    /// Replaces the whole document with one paragraph for each line.
    pub fn refresh(&mut self, source: &str) -> f32 {
        let root = Node::new("body", "", Style { width: Some(640.0), ..Style::default() });
        for block in source.split("\n\n") {
            let section = Node::new("section", "", Style { margin: 4.0, ..Style::default() });
            for line in block.lines() {
                section.append(Node::new("p", line, Style::default()));
            }
            root.append(section);
        }
        self.root = root;
        let height = self.root.measure(&self.glyphs);
        if self.heights.len() == 60 {
            self.heights.remove(0);
        }
        self.heights.push(height);
        height
    }
}
