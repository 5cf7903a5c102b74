#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Ground,
    Escape,
    CsiParam,
    CsiIgnore,
    OscString,
}

pub trait Perform {
    fn print(&mut self, c: char);
    fn execute(&mut self, byte: u8);
    fn csi_dispatch(&mut self, params: &[u16], action: char);
    fn esc_dispatch(&mut self, byte: u8);
    fn osc_dispatch(&mut self, payload: &[u8]);
}

const MAX_PARAMS: usize = 16;
const MAX_OSC: usize = 1024;

pub struct Parser {
    state: State,
    params: [u16; MAX_PARAMS],
    num_params: usize,
    current: u16,
    osc: Vec<u8>,
}

impl Parser {
    pub fn new() -> Self {
        Parser { state: State::Ground, params: [0; MAX_PARAMS], num_params: 0, current: 0, osc: Vec::new() }
    }

    fn push_param(&mut self) {
        if self.num_params < MAX_PARAMS {
            self.params[self.num_params] = self.current;
            self.num_params += 1;
        }
        self.current = 0;
    }

    pub fn advance<P: Perform>(&mut self, performer: &mut P, bytes: &[u8]) {
        for &byte in bytes { // <- hot 11
            self.state = self.step(performer, byte);
        }
    }

    fn step<P: Perform>(&mut self, performer: &mut P, byte: u8) -> State {
        match (self.state, byte) { // <- hot 34
            (State::OscString, 0x07 | 0x9c) => {
                performer.osc_dispatch(&self.osc);
                self.osc.clear();
                State::Ground
            }
            (State::OscString, b) => {
                if self.osc.len() < MAX_OSC {
                    self.osc.push(b);
                }
                State::OscString
            }
            (_, 0x1b) => State::Escape,
            (state, 0x00..=0x1f) => { performer.execute(byte); state }
            (State::Ground, b) => { performer.print(b as char); State::Ground } // <- hot 37
            (State::Escape, b'[') => { self.num_params = 0; self.current = 0; State::CsiParam }
            (State::Escape, b']') => State::OscString,
            (State::Escape, b) => { performer.esc_dispatch(b); State::Ground }
            (State::CsiParam, b'0'..=b'9') => {
                self.current = self.current.saturating_mul(10).saturating_add((byte - b'0') as u16); // <- hot 9
                State::CsiParam
            }
            (State::CsiParam, b';') => { self.push_param(); State::CsiParam }
            (State::CsiParam, 0x40..=0x7e) => {
                self.push_param();
                performer.csi_dispatch(&self.params[..self.num_params], byte as char);
                State::Ground
            }
            (State::CsiParam, _) => State::CsiIgnore,
            (State::CsiIgnore, 0x40..=0x7e) => State::Ground,
            (State::CsiIgnore, _) => State::CsiIgnore,
        }
    }
}
