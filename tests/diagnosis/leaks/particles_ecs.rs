use std::collections::HashMap;

pub type Entity = u64;

#[derive(Clone, Copy)]
pub struct Body {
    pub pos: [f32; 2],
    pub vel: [f32; 2],
}

pub struct Trail {
    points: Vec<[f32; 2]>,
    colour: [u8; 4],
}

impl Trail {
    fn with_length(n: usize, colour: [u8; 4]) -> Self {
        Trail { points: Vec::with_capacity(n), colour } // <- made 90
    }

    fn push(&mut self, p: [f32; 2]) {
        if self.points.len() == self.points.capacity() {
            self.points.remove(0);
        }
        self.points.push(p);
    }
}

#[derive(Default)]
pub struct World {
    next: Entity,
    bodies: HashMap<Entity, Body>,
    trails: HashMap<Entity, Trail>, // <- cost
    lifetimes: HashMap<Entity, f32>,
    dead: Vec<Entity>,
    lines: Vec<([f32; 2], [f32; 2], [u8; 4])>,
}

impl World {
    pub fn spawn(&mut self, pos: [f32; 2], vel: [f32; 2], ttl: f32) -> Entity {
        self.next += 1;
        let id = self.next;
        self.bodies.insert(id, Body { pos, vel });
        self.lifetimes.insert(id, ttl);
        id
    }

    pub fn burst(&mut self, at: [f32; 2], n: usize) {
        for i in 0..n {
            let a = i as f32 / n as f32 * std::f32::consts::TAU;
            let id = self.spawn(at, [a.cos() * 40.0, a.sin() * 40.0], 1.5);
            let tint = [255, (i * 7 % 256) as u8, 64, 255];
            self.trails.insert(id, Trail::with_length(32, tint)); // <- made 10 <- cost
        }
    }

    pub fn despawn(&mut self, id: Entity) {
        self.bodies.remove(&id);
        self.lifetimes.remove(&id); // <- cost
    }

    pub fn update(&mut self, dt: f32) {
        for (id, ttl) in self.lifetimes.iter_mut() {
            *ttl -= dt;
            if *ttl <= 0.0 {
                self.dead.push(*id);
            }
        }
        let dead: Vec<Entity> = self.dead.drain(..).collect();
        for id in dead {
            self.despawn(id);
        }
        for (id, b) in self.bodies.iter_mut() {
            b.vel[1] += 9.8 * dt;
            b.pos[0] += b.vel[0] * dt;
            b.pos[1] += b.vel[1] * dt;
            if let Some(t) = self.trails.get_mut(id) {
                t.push(b.pos);
            }
        }
    }

    pub fn draw(&mut self) -> &[([f32; 2], [f32; 2], [u8; 4])] {
        self.lines.clear();
        for id in self.bodies.keys() {
            if let Some(t) = self.trails.get(id) {
                for w in t.points.windows(2) {
                    self.lines.push((w[0], w[1], t.colour));
                }
            }
        }
        &self.lines
    }
}
