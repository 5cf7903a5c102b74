#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace channel {

enum class State { kIdle, kConnecting, kReady, kTransientFailure };

class StateWatcher {
 public:
  virtual ~StateWatcher() = default;
  virtual void OnChange(State state) = 0;
};

class Subchannel {
 public:
  explicit Subchannel(std::string address) : address_(std::move(address)) {}

  void AddWatcher(std::shared_ptr<StateWatcher> watcher) {
    std::lock_guard<std::mutex> lock(mu_);
    watchers_[watcher.get()] = std::move(watcher);  // <- made 25 <- cost
  }

  void CancelWatcher(StateWatcher* watcher) {
    std::lock_guard<std::mutex> lock(mu_);
    watchers_.erase(watcher);
  }

  void SetState(State state) {
    std::vector<std::shared_ptr<StateWatcher>> notify;
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (state == state_) return;
      state_ = state;
      for (auto& entry : watchers_) notify.push_back(entry.second);
    }
    for (auto& watcher : notify) watcher->OnChange(state);
  }

  State state() const { return state_; }

 private:
  std::string address_;
  mutable std::mutex mu_;
  State state_ = State::kIdle;
  std::map<StateWatcher*, std::shared_ptr<StateWatcher>> watchers_;  // <- cost
};

struct Call {
  std::string method;
  std::string metadata;
  std::function<void(Subchannel*)> on_picked;
};

class RoundRobin {
 public:
  void Update(const std::vector<std::string>& addresses) {
    std::unordered_map<std::string, std::shared_ptr<Subchannel>> fresh;
    std::vector<std::string> order;
    for (const auto& address : addresses) {
      auto it = pool_.find(address);
      fresh[address] = it != pool_.end() ? it->second : std::make_shared<Subchannel>(address);
      order.push_back(address);
    }
    pool_.swap(fresh);
    order_.swap(order);
    list_ = std::make_shared<List>();  // <- cost
    for (auto& entry : pool_) {
      auto watcher = std::make_shared<Watcher>(list_, entry.first);  // <- made 40
      entry.second->AddWatcher(watcher);                             // <- cost
      list_->states[entry.first] = entry.second->state();  // <- made 35
    }
  }

  void Pick(Call call) {
    for (size_t i = 0; i < order_.size(); ++i) {
      const std::string& address = order_[next_++ % order_.size()];
      if (list_->states[address] == State::kReady) return call.on_picked(pool_[address].get());
    }
    queued_.push_back(std::move(call));
    if (queued_.size() > 256) queued_.pop_front();
  }

 private:
  struct List {
    std::map<std::string, State> states;
  };

  struct Watcher : StateWatcher {
    Watcher(std::shared_ptr<List> l, std::string a) : list(std::move(l)), address(std::move(a)) {}
    void OnChange(State state) override { list->states[address] = state; }
    std::shared_ptr<List> list;
    std::string address;
  };

  std::unordered_map<std::string, std::shared_ptr<Subchannel>> pool_;
  std::vector<std::string> order_;
  std::shared_ptr<List> list_;
  std::deque<Call> queued_;
  size_t next_ = 0;
};

}  // namespace channel
