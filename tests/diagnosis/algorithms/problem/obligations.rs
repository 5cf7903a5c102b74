use std::mem;

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
    Ambiguous,
    Error,
}

#[derive(Default)]
pub struct FulfillmentContext {
    pending: Vec<Obligation>,
    vars: Vec<Option<Ty>>,
}

impl FulfillmentContext {
    pub fn new_var(&mut self) -> Ty {
        self.vars.push(None);
        Ty::Infer(self.vars.len() as u32 - 1)
    }

    pub fn register(&mut self, obligation: Obligation) {
        self.pending.push(obligation);
    }

    fn shallow_resolve(&self, ty: Ty) -> Ty {
        match ty {
            Ty::Infer(v) => self.vars[v as usize].unwrap_or(ty), // <- hot 26
            _ => ty,
        }
    }

    fn process(&self, o: &Obligation) -> Outcome {
        match self.shallow_resolve(o.self_ty) { // <- hot 14
            Ty::Infer(_) => Outcome::Ambiguous,
            Ty::Str if o.trait_id == 0 => Outcome::Error,
            ty => Outcome::Holds(ty),
        }
    }

    pub fn select_where_possible(&mut self) -> Vec<Obligation> {
        let mut errors = Vec::new();
        loop { // <- cost
            let mut progress = false;
            for o in mem::take(&mut self.pending) { // <- cost hot 19
                match self.process(&o) { // <- cost
                    Outcome::Ambiguous => self.pending.push(o), // <- hot 34
                    Outcome::Error => errors.push(o),
                    Outcome::Holds(ty) => {
                        progress = true;
                        if let Some(v) = o.output {
                            self.vars[v as usize] = Some(ty);
                        }
                    }
                }
            }
            if !progress {
                return errors;
            }
        }
    }
}
