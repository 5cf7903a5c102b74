// bench: healthy
// Watches how far a bell tower sways: each second a block of samples of all accelerometers comes, and two workers that
// otherwise sleep filter it and find peaks, extremes (sliding window) and repeated patterns (hash map of reserved size).
// Measured: 14 % of a core, in bursts at the beginning of each second; memory stays at 26 MiB.
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

constexpr size_t sensors = 24;
constexpr size_t samples = 200000;

struct Block {
    size_t sensor = 0;
    std::vector<float> values = std::vector<float>(samples);
};

/** A bounded queue whose ends sleep. */
template <typename T> class Channel {
public:
    explicit Channel(size_t room) : room_(room) {}

    void put(T item) {
        std::unique_lock<std::mutex> hold(guard_);
        not_full_.wait(hold, [&] { return items_.size() < room_; });
        items_.push_back(std::move(item));
        hold.unlock();
        not_empty_.notify_one();
    }

    T take() {
        std::unique_lock<std::mutex> hold(guard_);
        not_empty_.wait(hold, [&] { return !items_.empty(); });
        T item = std::move(items_.front());
        items_.pop_front();
        hold.unlock();
        not_full_.notify_one();
        return item;
    }

private:
    std::mutex guard_;
    std::condition_variable not_full_, not_empty_;
    std::deque<T> items_;
    const size_t room_;
};

struct Report {
    float strongest = 0;
    float widest_range = 0;
    uint32_t peaks = 0;
    uint32_t commonest = 0;
};

/** What one worker needs to look at a block, kept from block to block. */
class Analyst {
public:
    Analyst() : smooth_(samples), high_(samples), low_(samples) { shapes_.reserve(8192); }

    Report look(const Block &block) {
        Report report;
        filter(block.values);
        report.widest_range = widest_range(2400);
        report.peaks = peaks(report.strongest);
        report.commonest = commonest_shape();
        return report;
    }

private:
    void filter(const std::vector<float> &in) {
        float y1 = 0, y2 = 0;
        for (size_t i = 0; i < in.size(); i++) {
            float y = 0.02f * in[i] + 1.86f * y1 - 0.88f * y2;
            smooth_[i] = y;
            y2 = y1;
            y1 = y;
        }
    }

    /** The largest difference of extremes in any window: each index enters and leaves the two queues once. */
    float widest_range(size_t window) {
        size_t hb = 0, he = 0, lb = 0, le = 0;
        float widest = 0;
        for (size_t i = 0; i < smooth_.size(); i++) {
            while (he > hb && smooth_[high_[he - 1]] <= smooth_[i])
                he--;
            high_[he++] = static_cast<uint32_t>(i);
            while (le > lb && smooth_[low_[le - 1]] >= smooth_[i])
                le--;
            low_[le++] = static_cast<uint32_t>(i);
            if (high_[hb] + window <= i)
                hb++;
            if (low_[lb] + window <= i)
                lb++;
            widest = std::max(widest, smooth_[high_[hb]] - smooth_[low_[lb]]);
        }
        return widest;
    }

    uint32_t peaks(float &strongest) {
        uint32_t found = 0;
        for (size_t i = 1; i + 1 < smooth_.size(); i++) {
            if (smooth_[i] > smooth_[i - 1] && smooth_[i] >= smooth_[i + 1] && smooth_[i] > 0.5f) {
                found++;
                strongest = std::max(strongest, smooth_[i]);
            }
        }
        return found;
    }

    /** How often the commonest run of eight rises and falls comes. */
    uint32_t commonest_shape() {
        shapes_.clear();
        uint32_t shape = 0, most = 0;
        for (size_t i = 8; i < smooth_.size(); i += 8) {
            shape = 0;
            for (size_t j = 0; j < 8; j++) {
                int step = static_cast<int>(std::lround((smooth_[i - j] - smooth_[i - j - 1]) * 4)) + 1;
                shape = shape * 3 + static_cast<uint32_t>(std::min(2, std::max(0, step)));
            }
            most = std::max(most, ++shapes_[shape]);
        }
        return most;
    }

    std::vector<float> smooth_;
    std::vector<uint32_t> high_, low_;
    std::unordered_map<uint32_t, uint32_t> shapes_;
};

class Tower {
public:
    void note(size_t sensor, const Report &report) {
        std::lock_guard<std::mutex> hold(guard_);
        last_[sensor] = report;
        blocks_++;
    }

    uint64_t blocks() const {
        std::lock_guard<std::mutex> hold(guard_);
        return blocks_;
    }

private:
    mutable std::mutex guard_;
    std::array<Report, sensors> last_{};
    uint64_t blocks_ = 0;
};

using Blocks = Channel<std::unique_ptr<Block>>;

void worker(Blocks &full, Blocks &spare, Tower &tower) {
    Analyst analyst;
    while (true) {
        std::unique_ptr<Block> block = full.take();
        tower.note(block->sensor, analyst.look(*block));
        spare.put(std::move(block));
    }
}

int main() {
    Blocks full(sensors), spare(sensors);
    Tower tower;
    std::mt19937 random(1747);
    std::normal_distribution<float> wind(0, 1);
    std::vector<float> gusts(1 << 16);
    for (float &gust : gusts)
        gust = wind(random);
    for (size_t i = 0; i < sensors; i++)
        spare.put(std::make_unique<Block>());
    std::thread first(worker, std::ref(full), std::ref(spare), std::ref(tower));
    std::thread second(worker, std::ref(full), std::ref(spare), std::ref(tower));
    auto due = std::chrono::steady_clock::now();
    bool said = false;
    while (true) {
        for (size_t sensor = 0; sensor < sensors; sensor++) {
            std::unique_ptr<Block> block = spare.take();
            block->sensor = sensor;
            size_t from = random() & 0xffff;
            for (size_t i = 0; i < samples; i++)
                block->values[i] = gusts[(from + i) & 0xffff];
            full.put(std::move(block));
        }
        due += std::chrono::seconds(1);
        std::this_thread::sleep_until(due);
        if (!said && tower.blocks() >= sensors) {
            std::printf("ready\n");
            std::fflush(stdout);
            said = true;
        }
    }
}
