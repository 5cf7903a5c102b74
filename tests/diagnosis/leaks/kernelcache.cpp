#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eager {

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

using KernelFn = std::function<void(const std::vector<const Tensor*>&, Tensor*)>;

class Kernel {
 public:
  Kernel(KernelFn fn, size_t scratch) : fn_(std::move(fn)), scratch_(scratch) {}  // <- made 80

  Tensor Run(const std::vector<const Tensor*>& inputs) {
    Tensor out;
    fn_(inputs, &out);
    runs_++;
    return out;
  }

 private:
  KernelFn fn_;
  std::vector<float> scratch_;
  int64_t runs_ = 0;
};

class Attributes {
 public:
  void Set(const std::string& name, int64_t v) { values_[name] = v; }
  void Set(const std::string& name, const std::vector<int64_t>& list) {
    int64_t h = 17;
    for (int64_t v : list) h = h * 31 + v;
    values_[name] = h;
  }

  std::string CacheKey(const std::string& op, const std::string& device) const {
    std::ostringstream key;
    key << op << '@' << device;
    for (const auto& [name, v] : values_) key << ';' << name << '=' << v;
    return key.str();
  }

 private:
  std::map<std::string, int64_t> values_;
};

class Context {
 public:
  void Register(const std::string& op, KernelFn fn) { registry_[op] = std::move(fn); }

  Tensor Execute(const std::string& op, const std::string& device, Attributes attrs,
                 const std::vector<const Tensor*>& inputs) {
    size_t elements = 0;
    for (const Tensor* in : inputs) {
      attrs.Set("shape" + std::to_string(elements), in->shape);
      elements += in->values.size();
    }
    attrs.Set("step", step_);  // <- cost
    std::shared_ptr<Kernel> kernel = Lookup(op, attrs.CacheKey(op, device), elements);
    Tensor out = kernel->Run(inputs);
    std::lock_guard<std::mutex> lock(mu_);
    pending_.push_back(op);
    if (pending_.size() > 32) pending_.clear();
    return out;
  }

  void StartStep() {
    std::lock_guard<std::mutex> lock(mu_);
    ++step_;
    pending_.clear();
  }

 private:
  std::shared_ptr<Kernel> Lookup(const std::string& op, const std::string& key, size_t elements) {
    std::lock_guard<std::mutex> lock(mu_);
    auto it = kernel_cache_.find(key);
    if (it != kernel_cache_.end()) return it->second;
    auto reg = registry_.find(op);
    if (reg == registry_.end()) throw std::out_of_range("no kernel for " + op);
    auto kernel = std::make_shared<Kernel>(reg->second, elements);  // <- made 10
    kernel_cache_.emplace(key, kernel);                             // <- made 10 <- cost
    return kernel;
  }

  std::mutex mu_;
  int64_t step_ = 0;
  std::vector<std::string> pending_;
  std::unordered_map<std::string, KernelFn> registry_;
  std::unordered_map<std::string, std::shared_ptr<Kernel>> kernel_cache_;  // <- cost
};

}  // namespace eager
