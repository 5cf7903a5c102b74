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
  unsigned Order = 0;
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
    OrderValid = false;
  }
  Instr *front() const { return First; }
  bool orderValid() const { return OrderValid; }

  void renumber() {
    unsigned Order = 0;
    for (Instr *I = First; I; I = I->Next)
      I->Order = Order++; // <- hot 16
    OrderValid = true;
  }

private:
  Instr *First = nullptr;
  Instr *Last = nullptr;
  bool OrderValid = false;
};

bool Instr::comesBefore(const Instr *Other) const {
  assert(Parent && Parent == Other->Parent && "instructions of two blocks");
  if (!Parent->orderValid())
    Parent->renumber();
  return Order < Other->Order;
}

class StoreForwarding {
public:
  explicit StoreForwarding(Block &BB) {
    for (Instr *I = BB.front(); I; I = I->next())
      if (I->kind() == Instr::Store)
        LastStore[I->address()] = I; // <- hot 39
  }

  // Loads that are proven to see the value from before the block.
  std::vector<Instr *> liveIns(const std::vector<Instr *> &Loads) const {
    std::vector<Instr *> Result;
    for (Instr *L : Loads) {
      auto It = LastStore.find(L->address()); // <- hot 30
      if (It == LastStore.end() || L->comesBefore(It->second))
        Result.push_back(L); // <- hot 8
    }
    return Result;
  }

private:
  std::unordered_map<unsigned, Instr *> LastStore;
};

} // namespace opt
