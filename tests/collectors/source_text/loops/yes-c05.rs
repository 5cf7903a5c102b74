pub struct Assembler {
    symbols: Vec<Symbol>,
    code: Vec<u32>,
}

pub struct Symbol {
    pub name: String,
    pub address: u32,
}

impl Assembler {
    fn address_of(&self, name: &str) -> Option<u32> {
        self.symbols
            .iter()
            .find(|s| s.name == name) // <- 0
            .map(|s| s.address)
    }

    fn encode(&self, ins: &Instruction, pc: u32) -> Result<u32, AsmError> {
        match ins {
            Instruction::Jump(label) => {
                let target = self.address_of(label).ok_or(AsmError::Undefined)?; // <- 1
                Ok(0x0800_0000 | (target.wrapping_sub(pc) >> 2) & 0x03ff_ffff)
            }
            Instruction::Word(w) => Ok(*w),
        }
    }

    pub fn emit(&mut self, program: &[Instruction]) -> Result<(), AsmError> {
        let mut pc = 0;
        for ins in program { // <- outer
            let word = self.encode(ins, pc)?; // <- 2
            self.code.push(word);
            pc += 4;
        }
        Ok(())
    }
}
