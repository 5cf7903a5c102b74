/// Quadtree gravity for the galaxy view.
#[derive(Clone, Copy)]
pub struct Body {
    pub x: f64,
    pub y: f64,
    pub mass: f64,
}

enum Node {
    Empty,
    Leaf(Body),
    Inner { centre: Body, children: Box<[Node; 4]> },
}

fn quadrant(b: &Body, cx: f64, cy: f64) -> usize {
    (b.x >= cx) as usize | ((b.y >= cy) as usize) << 1
}

fn insert(node: &mut Node, b: Body, cx: f64, cy: f64, half: f64) {
    match node {
        Node::Empty => *node = Node::Leaf(b),
        Node::Leaf(old) => {
            let old = *old;
            if half < 1e-9 {
                *node = Node::Leaf(Body { mass: old.mass + b.mass, ..old });
                return;
            }
            let children = Box::new([Node::Empty, Node::Empty, Node::Empty, Node::Empty]);
            *node = Node::Inner { centre: Body { x: 0.0, y: 0.0, mass: 0.0 }, children };
            insert(node, old, cx, cy, half);
            insert(node, b, cx, cy, half);
        }
        Node::Inner { centre, children } => {
            let m = centre.mass + b.mass;
            centre.x = (centre.x * centre.mass + b.x * b.mass) / m; // <- hot 9
            centre.y = (centre.y * centre.mass + b.y * b.mass) / m;
            centre.mass = m;
            let q = quadrant(&b, cx, cy);
            let h = half / 2.0;
            let nx = if q & 1 == 1 { cx + h } else { cx - h };
            let ny = if q & 2 == 2 { cy + h } else { cy - h };
            insert(&mut children[q], b, nx, ny, h);
        }
    }
}

fn pull(on: &Body, by: &Body, acc: &mut (f64, f64)) {
    let (dx, dy) = (by.x - on.x, by.y - on.y);
    let d2 = dx * dx + dy * dy + 1e-4;
    let f = by.mass / (d2 * d2.sqrt()); // <- hot 38
    acc.0 += dx * f;
    acc.1 += dy * f;
}

fn force(node: &Node, b: &Body, half: f64, theta: f64, acc: &mut (f64, f64)) {
    match node { // <- hot 13
        Node::Empty => {}
        Node::Leaf(other) => pull(b, other, acc),
        Node::Inner { centre, children } => {
            let (dx, dy) = (centre.x - b.x, centre.y - b.y);
            if 4.0 * half * half < theta * theta * (dx * dx + dy * dy) { // <- hot 22
                pull(b, centre, acc);
            } else {
                children.iter().for_each(|c| force(c, b, half / 2.0, theta, acc));
            }
        }
    }
}

pub fn accelerations(bodies: &[Body], half: f64, theta: f64) -> Vec<(f64, f64)> {
    let mut root = Node::Empty;
    for b in bodies {
        insert(&mut root, *b, 0.0, 0.0, half);
    }
    let field = |b: &Body| {
        let mut acc = (0.0, 0.0);
        force(&root, b, half, theta, &mut acc);
        acc
    };
    bodies.iter().map(field).collect()
}
