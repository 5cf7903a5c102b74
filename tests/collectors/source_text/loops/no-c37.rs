pub enum Op {
    Push(i64),
    Add,
    Less,
    Load(usize),
    Store(usize),
    JumpIf(usize),
    Halt,
}

pub fn execute(code: &[Op], vars: &mut [i64], fuel: u64) -> Option<i64> {
    let mut stack: Vec<i64> = Vec::with_capacity(64);
    let mut ip = 0;
    for _ in 0..fuel {
        match &code[ip] { // <- 0
            Op::Push(v) => stack.push(*v),
            Op::Add => {
                let b = stack.pop()?;
                *stack.last_mut()? += b;
            }
            Op::Less => {
                let b = stack.pop()?;
                let a = stack.pop()?;
                stack.push((a < b) as i64);
            }
            Op::Load(i) => stack.push(vars[*i]),
            Op::Store(i) => vars[*i] = stack.pop()?,
            Op::JumpIf(t) => {
                if stack.pop()? != 0 {
                    ip = *t;
                    continue;
                }
            }
            Op::Halt => return stack.pop(),
        }
        ip += 1;
    }
    None
}
