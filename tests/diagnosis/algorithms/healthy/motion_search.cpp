#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace enc {

struct Mv {
  int x, y;
};

struct Plane {
  const uint8_t* data;
  int stride;
  int width, height;

  const uint8_t* at(int x, int y) const { return data + y * stride + x; }
};

constexpr int kBlock = 16;
constexpr int kRange = 32;
constexpr Mv kDiamond[4] = {{0, -1}, {-1, 0}, {1, 0}, {0, 1}};

class MotionEstimator {
 public:
  MotionEstimator(const Plane& cur, const Plane& ref, int lambda)
      : cur_(cur), ref_(ref), lambda_(lambda) {}

  std::vector<Mv> run() const {
    std::vector<Mv> field;
    field.reserve((cur_.width / kBlock) * (cur_.height / kBlock));
    for (int by = 0; by + kBlock <= cur_.height; by += kBlock) {
      Mv pred{0, 0};
      for (int bx = 0; bx + kBlock <= cur_.width; bx += kBlock) {
        pred = search(bx, by, pred);
        field.push_back(pred);
      }
    }
    return field;
  }

 private:
  bool inside(int bx, int by, Mv mv) const {
    int x = bx + mv.x, y = by + mv.y;
    return std::abs(mv.x) <= kRange && std::abs(mv.y) <= kRange && x >= 0 && y >= 0 &&
           x + kBlock <= ref_.width && y + kBlock <= ref_.height;
  }

  int sad(int bx, int by, Mv mv, int limit) const {
    const uint8_t* a = cur_.at(bx, by);
    const uint8_t* b = ref_.at(bx + mv.x, by + mv.y);
    int sum = 0;
    for (int y = 0; y < kBlock && sum < limit; y++) {  // <- hot 9
      for (int x = 0; x < kBlock; x++)                 // <- hot 17
        sum += std::abs(a[x] - b[x]);                  // <- hot 62
      a += cur_.stride;
      b += ref_.stride;
    }
    return sum;
  }

  Mv search(int bx, int by, Mv pred) const {
    Mv best = inside(bx, by, pred) ? pred : Mv{0, 0};
    int best_cost = sad(bx, by, best, INT_MAX);
    for (int step = 0; step < kRange; step++) {
      Mv center = best;
      for (Mv d : kDiamond) {
        Mv mv{center.x + d.x, center.y + d.y};
        if (!inside(bx, by, mv))
          continue;
        int bits = lambda_ * (std::abs(mv.x - pred.x) + std::abs(mv.y - pred.y));
        int cost = bits + sad(bx, by, mv, best_cost - bits);
        if (cost < best_cost) {
          best_cost = cost;
          best = mv;
        }
      }
      if (best.x == center.x && best.y == center.y)
        break;
    }
    return best;
  }

  Plane cur_, ref_;
  int lambda_;
};

}  // namespace enc
