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
    return diff % step == 0 && diff / step >= 0;  // <- hot 28
  }
};

class SelectorChecker {
 public:
  explicit SelectorChecker(std::vector<PositionSelector> selectors)
      : selectors_(std::move(selectors)) {}

  void MatchElement(Element& element, int child_index) const {
    for (const PositionSelector& selector : selectors_) {
      if (selector.tag != 0 && selector.tag != element.tag)  // <- hot 15
        continue;
      if (selector.Matches(child_index))
        element.matched_rules.push_back(selector.rule_id);  // <- hot 26
    }
  }

 private:
  std::vector<PositionSelector> selectors_;
};

class StyleRecalc {
 public:
  explicit StyleRecalc(const SelectorChecker& checker) : checker_(checker) {}

  void RecalcSubtree(Element& root) { RecalcElement(root, 1); }

  size_t visited() const { return visited_; }

 private:
  void RecalcElement(Element& element, int child_index) {
    element.matched_rules.clear();
    checker_.MatchElement(element, child_index);
    ++visited_;
    int index = 0;
    for (Element* child = element.first_child; child; child = child->next_sibling)  // <- hot 17
      RecalcElement(*child, ++index);
  }

  const SelectorChecker& checker_;
  size_t visited_ = 0;
};

}  // namespace style
