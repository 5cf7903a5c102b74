#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace runtime {

class Environment {
 public:
  using CleanupFn = void (*)(void*);

  struct Hook {
    CleanupFn fn;
    void* arg;
    uint64_t order;
    bool operator==(const Hook& o) const { return fn == o.fn && arg == o.arg; }
  };

  struct HookHash {
    size_t operator()(const Hook& h) const { return std::hash<void*>()(h.arg); }
  };

  ~Environment() { RunCleanup(); }

  void AddCleanupHook(CleanupFn fn, void* arg) {
    hooks_.insert(Hook{fn, arg, next_order_++});  // <- made 15 <- cost
  }

  void RemoveCleanupHook(CleanupFn fn, void* arg) { hooks_.erase(Hook{fn, arg, 0}); }

  void SetImmediate(std::function<void()> fn) { immediates_.push_back(std::move(fn)); }

  void RunImmediates() {
    std::vector<std::function<void()>> run;
    run.swap(immediates_);
    for (auto& fn : run) fn();
  }

  void RunCleanup() {
    while (!hooks_.empty()) {
      std::vector<Hook> sorted(hooks_.begin(), hooks_.end());
      std::sort(sorted.begin(), sorted.end(), [](const Hook& a, const Hook& b) { return a.order > b.order; });
      for (const Hook& hook : sorted) {
        if (hooks_.erase(hook)) hook.fn(hook.arg);
      }
    }
  }

 private:
  std::unordered_set<Hook, HookHash> hooks_;  // <- cost
  std::vector<std::function<void()>> immediates_;
  uint64_t next_order_ = 0;
};

struct WrapData {
  Environment* env;
  std::string class_name;
  std::vector<uint8_t> state;
  bool finalized = false;
};

class ObjectWrap {
 public:
  ObjectWrap(Environment* env, std::string class_name, size_t state_size) {
    data_ = new WrapData{env, std::move(class_name), {}};  // <- made 15
    data_->state.resize(state_size);                       // <- made 70
    env->AddCleanupHook(&ObjectWrap::OnEnvironmentExit, data_);  // <- cost
  }

  ObjectWrap(const ObjectWrap&) = delete;
  ObjectWrap& operator=(const ObjectWrap&) = delete;

  ~ObjectWrap() {
    data_->finalized = true;  // <- cost
  }

  std::vector<uint8_t>& state() { return data_->state; }

 private:
  static void OnEnvironmentExit(void* arg) { delete static_cast<WrapData*>(arg); }

  WrapData* data_;
};

class Addon {
 public:
  explicit Addon(Environment* env) : env_(env) {}

  uint32_t Hash(const std::string& kind, const std::string& text) {
    auto hasher = std::make_unique<ObjectWrap>(env_, kind, 256);
    auto& state = hasher->state();
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < text.size(); ++i) {
      state[i % state.size()] ^= static_cast<uint8_t>(text[i]);
      h = (h ^ state[i % state.size()]) * 16777619u;
    }
    ++calls_[kind];
    return h;
  }

 private:
  Environment* env_;
  std::unordered_map<std::string, uint64_t> calls_;
};

}  // namespace runtime
