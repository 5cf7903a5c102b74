//! Fixed-step update of the arcade shooter.

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Team {
    Player,
    Enemy,
}

#[derive(Clone, Debug)]
pub struct Bullet {
    pub x: f32,
    pub y: f32,
    pub vx: f32,
    pub vy: f32,
    pub ttl: u16,
    pub team: Team,
}

#[derive(Debug)]
pub struct Ship {
    pub x: f32,
    pub y: f32,
    pub hp: i32,
    pub team: Team,
}

pub struct Arena {
    pub w: f32,
    pub h: f32,
    pub bullets: Vec<Bullet>,
    /// Up to four players share a screen.
    pub players: [Ship; 4],
}

impl Arena {
    pub fn tick(&mut self, dt: f32) {
        for b in &mut self.bullets {
            b.x += b.vx * dt; // <- hot 13
            b.y += b.vy * dt; // <- hot 12
            b.ttl = b.ttl.saturating_sub(1);
        }
        let players = &mut self.players;
        let (w, h) = (self.w, self.h);
        self.bullets.retain(|b| { // <- hot 16
            if b.ttl == 0 || b.x < 0.0 || b.y < 0.0 || b.x > w || b.y > h {
                return false;
            }
            match players.iter_mut().find(|s| s.team != b.team && near(s, b)) { // <- hot 50
                Some(ship) => {
                    ship.hp -= 1;
                    false
                }
                None => true,
            }
        });
    }

    pub fn alive(&self) -> usize {
        self.players.iter().filter(|s| s.hp > 0).count()
    }
}

fn near(s: &Ship, b: &Bullet) -> bool {
    let (dx, dy) = (s.x - b.x, s.y - b.y);
    dx * dx + dy * dy < 64.0
}
