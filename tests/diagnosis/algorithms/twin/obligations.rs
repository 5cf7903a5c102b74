use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    Infer(u32),
    Int,
    Str,
    Adt(u32),
}

#[derive(Clone, Debug)]
pub struct Obligation {
    pub self_ty: Ty,
    pub trait_id: u32,
    /// Variable that becomes known once the obligation holds.
    pub output: Option<u32>,
}

pub enum Outcome {
    Holds(Ty),
    Stalled(u32),
    Error,
}

#[derive(Default)]
pub struct FulfillmentContext {
    ready: Vec<Obligation>,
    stalled_on: HashMap<u32, Vec<Obligation>>,
    vars: Vec<Option<Ty>>,
}

impl FulfillmentContext {
    pub fn new_var(&mut self) -> Ty {
        self.vars.push(None);
        Ty::Infer(self.vars.len() as u32 - 1)
    }

    pub fn register(&mut self, obligation: Obligation) {
        self.ready.push(obligation); // <- hot 9
    }

    fn shallow_resolve(&self, ty: Ty) -> Ty {
        match ty {
            Ty::Infer(v) => self.vars[v as usize].unwrap_or(ty),
            _ => ty,
        }
    }

    fn process(&self, o: &Obligation) -> Outcome {
        match self.shallow_resolve(o.self_ty) {
            Ty::Infer(v) => Outcome::Stalled(v),
            Ty::Str if o.trait_id == 0 => Outcome::Error,
            ty => Outcome::Holds(ty),
        }
    }

    pub fn select_where_possible(&mut self) -> Vec<Obligation> {
        let mut errors = Vec::new();
        while let Some(o) = self.ready.pop() { // <- hot 15
            match self.process(&o) {
                Outcome::Stalled(v) => self.stalled_on.entry(v).or_default().push(o), // <- hot 37
                Outcome::Error => errors.push(o),
                Outcome::Holds(ty) => {
                    let Some(v) = o.output else { continue };
                    self.vars[v as usize] = Some(ty);
                    if let Some(woken) = self.stalled_on.remove(&v) { // <- hot 28
                        self.ready.extend(woken);
                    }
                }
            }
        }
        errors
    }
}
