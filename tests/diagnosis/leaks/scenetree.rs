use std::cell::RefCell;
use std::rc::Rc;

pub type NodeRef = Rc<RefCell<Node>>;

#[derive(Clone, Copy, Default)]
pub struct Transform {
    pub x: f32,
    pub y: f32,
    pub rot: f32,
}

pub struct Node {
    pub name: String,
    pub local: Transform,
    pub vertices: Vec<[f32; 4]>,
    parent: Option<NodeRef>, // <- cost
    children: Vec<NodeRef>,
}

impl Node {
    fn new(name: &str, vertices: Vec<[f32; 4]>) -> NodeRef {
        Rc::new(RefCell::new(Node { // <- made 10
            name: name.to_string(),
            local: Transform::default(),
            vertices,
            parent: None,
            children: Vec::new(),
        }))
    }
}

fn attach(parent: &NodeRef, child: &NodeRef) {
    child.borrow_mut().parent = Some(Rc::clone(parent)); // <- cost
    parent.borrow_mut().children.push(Rc::clone(child));
}

fn disc(radius: f32, segments: usize) -> Vec<[f32; 4]> {
    let mut out = Vec::with_capacity(segments); // <- made 90
    for i in 0..segments {
        let a = i as f32 / segments as f32 * std::f32::consts::TAU;
        out.push([radius * a.cos(), radius * a.sin(), 0.0, 1.0]);
    }
    out
}

pub struct Stage {
    level: Option<NodeRef>,
    draw_list: Vec<(Transform, usize)>,
    names: Vec<String>,
}

impl Stage {
    pub fn new() -> Self {
        Stage { level: None, draw_list: Vec::new(), names: Vec::new() }
    }

    pub fn load_level(&mut self, seed: u32, enemies: usize) {
        let root = Node::new("root", Vec::new());
        for i in 0..enemies {
            let body = Node::new(&format!("enemy{i}"), disc(4.0, 48));
            let hat = Node::new("hat", disc(1.0, 16));
            body.borrow_mut().local.x = (seed.wrapping_mul(i as u32 + 1) % 640) as f32;
            attach(&body, &hat);
            attach(&root, &body);
        }
        self.names = root.borrow().children.iter().map(|c| c.borrow().name.clone()).collect();
        self.level = Some(root);
    }

    pub fn frame(&mut self) -> usize {
        self.draw_list.clear();
        let Some(root) = self.level.clone() else { return 0 };
        let mut stack = vec![(root, Transform::default())];
        while let Some((node, base)) = stack.pop() {
            let n = node.borrow();
            let world = Transform {
                x: base.x + n.local.x,
                y: base.y + n.local.y,
                rot: base.rot + n.local.rot,
            };
            self.draw_list.push((world, n.vertices.len()));
            for c in &n.children {
                stack.push((Rc::clone(c), world));
            }
        }
        self.draw_list.len()
    }

    pub fn unload(&mut self) {
        self.level = None;
        self.names.clear();
    }
}
