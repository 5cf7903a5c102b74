#include <cassert>
#include <unordered_map>
#include <vector>

namespace opt {

class Block;

class Instr {
public:
  enum Kind { Load, Store, Call, Arith };

  Instr(Kind K, unsigned Addr) : K(K), Addr(Addr) {}

  Kind kind() const { return K; }
  unsigned address() const { return Addr; }
  Block *parent() const { return Parent; }
  Instr *next() const { return Next; }
  bool comesBefore(const Instr *Other) const;

private:
  friend class Block;
  Kind K;
  unsigned Addr;
  Block *Parent = nullptr;
  Instr *Next = nullptr;
};

class Block {
public:
  void append(Instr *I) {
    I->Parent = this;
    if (Last)
      Last->Next = I;
    else
      First = I;
    Last = I;
  }
  Instr *front() const { return First; }

private:
  Instr *First = nullptr;
  Instr *Last = nullptr;
};

bool Instr::comesBefore(const Instr *Other) const {
  assert(Parent && Parent == Other->Parent && "instructions of two blocks");
  for (const Instr *I = Parent->front(); I; I = I->next()) { // <- cost hot 66
    if (I == this) // <- cost hot 14
      return true;
    if (I == Other) // <- hot 9
      return false;
  }
  return false;
}

class StoreForwarding {
public:
  explicit StoreForwarding(Block &BB) {
    for (Instr *I = BB.front(); I; I = I->next())
      if (I->kind() == Instr::Store)
        LastStore[I->address()] = I;
  }

  // Loads that are proven to see the value from before the block.
  std::vector<Instr *> liveIns(const std::vector<Instr *> &Loads) const {
    std::vector<Instr *> Result;
    for (Instr *L : Loads) {
      auto It = LastStore.find(L->address());
      if (It == LastStore.end() || L->comesBefore(It->second)) // <- cost
        Result.push_back(L);
    }
    return Result;
  }

private:
  std::unordered_map<unsigned, Instr *> LastStore;
};

} // namespace opt
