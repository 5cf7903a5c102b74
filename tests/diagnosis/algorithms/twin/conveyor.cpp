#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace sim {

constexpr int kItemLength = 9;
constexpr int kBeltSpeed = 2;

struct BeltItem {
  uint16_t prototype;
  int gap;  // free space in front of the item
};

class TransportLine {
 public:
  explicit TransportLine(int length) : length_(length), freeAtStart_(length) {}

  bool insertAtStart(uint16_t prototype) {
    if (!items_.empty() && freeAtStart_ < 0)
      return false;
    items_.push_back({prototype, items_.empty() ? length_ : freeAtStart_});  // <- hot 20
    freeAtStart_ = -kItemLength;
    return true;
  }

  bool takeFromEnd(uint16_t& prototype) {
    if (items_.empty() || items_.front().gap > 0)
      return false;
    prototype = items_.front().prototype;
    items_.pop_front();  // <- hot 14
    if (!items_.empty())
      items_.front().gap += kItemLength;
    else
      freeAtStart_ = length_;
    firstMoving_ = 0;
    return true;
  }

  // Only the first item that has room moves; all behind it keep their gaps.
  void update() {
    int left = kBeltSpeed;
    while (left > 0 && firstMoving_ < items_.size()) {  // <- hot 23
      int step = std::min(left, items_[firstMoving_].gap);  // <- hot 26
      items_[firstMoving_].gap -= step;
      left -= step;
      if (left > 0)
        firstMoving_++;
    }
    freeAtStart_ = std::min(length_, freeAtStart_ + kBeltSpeed - left);
  }

  size_t size() const { return items_.size(); }

 private:
  int length_;
  int freeAtStart_;
  size_t firstMoving_ = 0;
  std::deque<BeltItem> items_;
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
