#include <cstdint>
#include <string>
#include <vector>

namespace style {

struct Element {
  uint32_t tag = 0;
  Element* parent = nullptr;
  Element* first_child = nullptr;
  Element* previous_sibling = nullptr;
  Element* next_sibling = nullptr;
  std::vector<int> matched_rules;
};

struct PositionSelector {
  int rule_id;
  uint32_t tag;
  int step;    // a in an+b
  int offset;  // b in an+b

  bool Matches(int index) const {
    if (step == 0)
      return index == offset;
    int diff = index - offset;
    return diff % step == 0 && diff / step >= 0;
  }
};

class SelectorChecker {
 public:
  explicit SelectorChecker(std::vector<PositionSelector> selectors)
      : selectors_(std::move(selectors)) {}

  void MatchElement(Element& element) const {
    for (const PositionSelector& selector : selectors_) {
      if (selector.tag != 0 && selector.tag != element.tag)
        continue;
      if (selector.Matches(ChildIndex(element)))  // <- cost
        element.matched_rules.push_back(selector.rule_id);
    }
  }

 private:
  static int ChildIndex(const Element& element) {
    int index = 1;
    const Element* sibling = element.previous_sibling;
    while (sibling) {  // <- cost hot 28
      ++index;
      sibling = sibling->previous_sibling;  // <- hot 63
    }
    return index;
  }

  std::vector<PositionSelector> selectors_;
};

class StyleRecalc {
 public:
  explicit StyleRecalc(const SelectorChecker& checker) : checker_(checker) {}

  void RecalcSubtree(Element& root) {
    root.matched_rules.clear();
    checker_.MatchElement(root);
    ++visited_;
    for (Element* child = root.first_child; child; child = child->next_sibling)
      RecalcSubtree(*child);
  }

  size_t visited() const { return visited_; }

 private:
  const SelectorChecker& checker_;
  size_t visited_ = 0;
};

}  // namespace style
