use std::collections::{HashMap, HashSet};

pub type EntityId = usize;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vec2 {
    pub x: f32,
    pub y: f32,
}

pub struct Body {
    pos: Vec2,
    vel: Vec2,
    trail: Vec<Vec2>,
    ttl: f32,
}

struct Slot {
    alive: bool,
    body: Body,
}

#[derive(Default)]
pub struct World {
    slots: Vec<Slot>, // <- cost
    grid: HashMap<(i32, i32), Vec<EntityId>>,
    dying: HashSet<EntityId>,
    pub hits: Vec<(EntityId, EntityId)>,
}

fn make_body(pos: Vec2, vel: Vec2, ttl: f32) -> Body {
    Body {
        pos,
        vel,
        trail: vec![pos; 48], // <- made 90
        ttl,
    }
}

impl World {
    pub fn spawn(&mut self, pos: Vec2, vel: Vec2, ttl: f32) -> EntityId {
        let body = make_body(pos, vel, ttl);
        self.slots.push(Slot { alive: true, body }); // <- cost // <- made 10
        self.slots.len() - 1
    }

    pub fn despawn(&mut self, id: EntityId) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.alive = false; // <- cost
        }
    }

    pub fn step(&mut self, dt: f32) {
        self.hits.clear();
        self.grid.clear();
        for (id, slot) in self.slots.iter_mut().enumerate().filter(|(_, s)| s.alive) {
            let b = &mut slot.body;
            b.pos.x += b.vel.x * dt;
            b.pos.y += b.vel.y * dt;
            b.trail.rotate_right(1);
            b.trail[0] = b.pos;
            b.ttl -= dt;
            if b.ttl <= 0.0 {
                self.dying.insert(id);
            }
            self.grid.entry(cell(b.pos)).or_default().push(id);
        }
        self.collide();
        let dying: Vec<EntityId> = self.dying.drain().collect();
        for id in dying {
            self.despawn(id);
        }
    }

    fn collide(&mut self) {
        for ids in self.grid.values() {
            for (i, &a) in ids.iter().enumerate() {
                for &b in &ids[i + 1..] {
                    let (pa, pb) = (self.slots[a].body.pos, self.slots[b].body.pos);
                    if (pa.x - pb.x).abs() < 0.5 && (pa.y - pb.y).abs() < 0.5 {
                        self.hits.push((a, b));
                        self.dying.insert(a);
                        self.dying.insert(b);
                    }
                }
            }
        }
    }

    pub fn living(&self) -> impl Iterator<Item = (EntityId, Vec2)> + '_ {
        self.slots.iter().enumerate().filter(|(_, s)| s.alive).map(|(id, s)| (id, s.body.pos))
    }
}

fn cell(p: Vec2) -> (i32, i32) {
    ((p.x / 4.0).floor() as i32, (p.y / 4.0).floor() as i32)
}
