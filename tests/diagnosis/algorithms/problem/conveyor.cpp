#include <algorithm>
#include <cstdint>
#include <vector>

namespace sim {

constexpr int kItemLength = 9;
constexpr int kBeltSpeed = 2;

struct BeltItem {
  uint16_t prototype;
  int position;  // distance from the end of the line
};

class TransportLine {
 public:
  explicit TransportLine(int length) : length_(length) {}

  bool insertAtStart(uint16_t prototype) {
    if (!items_.empty() && length_ - items_.back().position < kItemLength)
      return false;
    items_.push_back({prototype, length_});
    return true;
  }

  bool takeFromEnd(uint16_t& prototype) {
    if (items_.empty() || items_.front().position > 0)
      return false;
    prototype = items_.front().prototype;
    items_.erase(items_.begin());  // <- cost hot 7
    return true;
  }

  void update() {
    int barrier = 0;
    for (BeltItem& item : items_) {  // <- cost hot 22
      int target = std::max(barrier, item.position - kBeltSpeed);  // <- hot 29
      item.position = target;  // <- hot 33
      barrier = target + kItemLength;
    }
  }

  size_t size() const { return items_.size(); }

 private:
  int length_;
  std::vector<BeltItem> items_;
};

class BeltSystem {
 public:
  TransportLine& addLine(int length) {
    lines_.emplace_back(length);
    return lines_.back();
  }

  void tick() {
    for (TransportLine& line : lines_)
      line.update();
    for (size_t i = 0; i + 1 < lines_.size(); i++) {
      uint16_t prototype;
      if (lines_[i].takeFromEnd(prototype) && !lines_[i + 1].insertAtStart(prototype))
        spilled_++;
    }
  }

  uint64_t spilled() const { return spilled_; }

 private:
  std::vector<TransportLine> lines_;
  uint64_t spilled_ = 0;
};

}  // namespace sim
