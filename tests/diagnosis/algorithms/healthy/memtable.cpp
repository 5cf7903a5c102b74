#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace store {

class MemTable {
 public:
  MemTable() : head_(NewNode("", "", kMaxHeight)) {}

  void Put(std::string_view key, std::string_view value) {
    Node* prev[kMaxHeight];
    Node* x = FindGreaterOrEqual(key, prev);
    if (x != nullptr && x->key == key) {
      x->value = value;
      return;
    }
    int height = RandomHeight();
    if (height > max_height_) {
      for (int i = max_height_; i < height; i++) {
        prev[i] = head_;
      }
      max_height_ = height;
    }
    x = NewNode(key, value, height);
    for (int i = 0; i < height; i++) {
      x->next[i] = prev[i]->next[i];  // <- hot 8
      prev[i]->next[i] = x;
    }
  }

  bool Get(std::string_view key, std::string* value) const {
    const Node* x = FindGreaterOrEqual(key, nullptr);
    if (x == nullptr || x->key != key) {
      return false;
    }
    *value = x->value;
    return true;
  }

 private:
  static constexpr int kMaxHeight = 12;
  static constexpr unsigned kBranching = 4;

  struct Node {
    std::string key;
    std::string value;
    std::vector<Node*> next;
  };

  Node* NewNode(std::string_view key, std::string_view value, int height) {
    nodes_.push_back(std::make_unique<Node>(
        Node{std::string(key), std::string(value), std::vector<Node*>(height)}));  // <- hot 11
    return nodes_.back().get();
  }

  int RandomHeight() {
    int height = 1;
    while (height < kMaxHeight && (seed_ = seed_ * 48271 % 2147483647) % kBranching == 0) {
      height++;
    }
    return height;
  }

  Node* FindGreaterOrEqual(std::string_view key, Node** prev) const {
    Node* x = head_;
    int level = max_height_ - 1;
    while (true) {
      Node* next = x->next[level];                // <- hot 33
      if (next != nullptr && next->key < key) {  // <- hot 39
        x = next;
        continue;
      }
      if (prev != nullptr) prev[level] = x;
      if (level == 0) return next;
      level--;
    }
  }

  std::vector<std::unique_ptr<Node>> nodes_;
  int max_height_ = 1;
  uint64_t seed_ = 0xdecaf;
  Node* head_;
};

}  // namespace store
