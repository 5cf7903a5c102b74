#include <cstdint>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace compaction {

struct Entry {
  std::string key;
  uint64_t seq;
  bool tombstone;
  std::string value;
};

using Run = std::vector<Entry>;  // sorted by key

class RunCursor {
 public:
  explicit RunCursor(const Run* run) : run_(run) {}

  bool Valid() const { return pos_ < run_->size(); }
  const Entry& entry() const { return (*run_)[pos_]; }
  void Next() { ++pos_; }

 private:
  const Run* run_;
  size_t pos_ = 0;
};

struct NewestFirst {
  bool operator()(const RunCursor* a, const RunCursor* b) const {
    int c = a->entry().key.compare(b->entry().key);  // <- hot 33
    if (c != 0) return c > 0;
    return a->entry().seq < b->entry().seq;
  }
};

class MergingIterator {
 public:
  explicit MergingIterator(const std::vector<Run>& runs) {
    cursors_.reserve(runs.size());
    for (const Run& run : runs) cursors_.emplace_back(&run);
    for (RunCursor& c : cursors_)
      if (c.Valid()) heap_.push(&c);
  }

  bool Valid() const { return !heap_.empty(); }
  const Entry& entry() const { return heap_.top()->entry(); }

  void Next() {
    RunCursor* c = heap_.top();
    heap_.pop();  // <- hot 24
    c->Next();
    if (c->Valid()) heap_.push(c);  // <- hot 11
  }

 private:
  std::vector<RunCursor> cursors_;
  std::priority_queue<RunCursor*, std::vector<RunCursor*>, NewestFirst> heap_;
};

Run Compact(const std::vector<Run>& runs, bool bottommost) {
  Run out;
  std::string last_key;
  bool has_last = false;
  for (MergingIterator it(runs); it.Valid(); it.Next()) {
    const Entry& e = it.entry();
    if (has_last && e.key == last_key) continue;
    last_key = e.key;
    has_last = true;
    if (e.tombstone && bottommost) continue;
    out.push_back(e);  // <- hot 22
  }
  return out;
}

}  // namespace compaction
