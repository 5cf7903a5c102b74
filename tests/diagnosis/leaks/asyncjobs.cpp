#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

struct IndexResult {
    std::string path;
    std::unordered_map<std::string, int> terms;
};

static IndexResult index_file(const std::string& path) {
    IndexResult r{path, {}};
    std::ifstream in(path);
    std::stringstream ss;
    ss << in.rdbuf();
    std::string word;
    while (ss >> word) r.terms[word]++; // <- made 95
    return r;
}

class Indexer {
public:
    explicit Indexer(size_t limit) : limit_(limit) {}

    void changed(const std::string& path) {
        std::lock_guard<std::mutex> g(mu_);
        if (!queued_.insert(path).second) return;
        waiting_.push_back(path);
    }

    void tick() {
        std::vector<std::string> batch;
        {
            std::lock_guard<std::mutex> g(mu_);
            batch.swap(waiting_);
            queued_.clear();
        }
        for (auto& p : batch) {
            if (running() >= limit_) collect();
            jobs_.push_back(std::async(std::launch::async, index_file, p).share()); // <- made 5 <- cost
        }
        collect();
    }

    int frequency(const std::string& term) const {
        auto it = totals_.find(term);
        return it == totals_.end() ? 0 : it->second;
    }

private:
    size_t running() const {
        size_t n = 0;
        for (size_t i = merged_; i < jobs_.size(); i++)
            if (jobs_[i].wait_for(std::chrono::seconds(0)) != std::future_status::ready) n++;
        return n;
    }

    void collect() {
        for (; merged_ < jobs_.size(); merged_++) { // <- cost
            auto& f = jobs_[merged_];
            if (f.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) break;
            const IndexResult& r = f.get();
            for (auto& [term, n] : r.terms) {
                if (term.size() > 2 && totals_.size() < 100000) totals_[term] += n;
            }
        }
    }

    size_t limit_;
    size_t merged_ = 0;
    std::mutex mu_;
    std::set<std::string> queued_;
    std::vector<std::string> waiting_;
    std::vector<std::shared_future<IndexResult>> jobs_; // <- cost
    std::unordered_map<std::string, int> totals_;
};
