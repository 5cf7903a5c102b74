// expect: pattern=hot-loop bench
// Sky server of "Wyvern Skies": some thousand wyverns fly over one map; the server moves them twelve times a second,
// tells each which others came into its sight or left it, and keeps a frame for the spectators' page.
// Measured: the same 7200 wyverns at 12 ticks a second take 0.55 cores; with the twin 0.02.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kWyverns = 7200;
constexpr float kMap = 4000.0f;
constexpr float kSight = 60.0f;
constexpr int kTicksPerSecond = 12;

struct Wyvern {
    uint32_t id;
    float x, y, height;
    float heading, speed;
    uint16_t clan;
    uint16_t embers;
    std::vector<uint32_t> sees;
    std::vector<uint32_t> saw;
};

struct Sighting {
    uint32_t who, whom;
    bool entered;
};

class Sky {
public:
    explicit Sky(uint32_t seed) : random_(seed) {
        std::uniform_real_distribution<float> place(0.0f, kMap), turn(0.0f, 6.283f), pace(8.0f, 22.0f);
        wyverns_.resize(kWyverns);
        for (int i = 0; i < kWyverns; i++) {
            Wyvern& w = wyverns_[i];
            w.id = i;
            w.x = place(random_);
            w.y = place(random_);
            w.height = place(random_) / 20;
            w.heading = turn(random_);
            w.speed = pace(random_);
            w.clan = i % 9;
            w.embers = 100;
            w.sees.reserve(16);
            w.saw.reserve(16);
        }
        sightings_.reserve(4096);
    }

    void tick(float seconds) {
        fly(seconds);
        look();
        tell();
    }

    // One frame for the spectators: place, height and clan of each, eight bytes a wyvern.
    void frame(std::vector<uint16_t>& into) const {
        into.clear();
        for (const Wyvern& w : wyverns_) {
            into.push_back(static_cast<uint16_t>(w.x * 16));
            into.push_back(static_cast<uint16_t>(w.y * 16));
            into.push_back(static_cast<uint16_t>(w.height * 16));
            into.push_back(w.clan);
        }
    }

    uint64_t told() const { return told_; }

private:
    void fly(float seconds) {
        std::uniform_real_distribution<float> drift(-0.2f, 0.2f);
        for (Wyvern& w : wyverns_) {
            w.heading += drift(random_);
            w.x += std::cos(w.heading) * w.speed * seconds;
            w.y += std::sin(w.heading) * w.speed * seconds;
            if (w.x < 0 || w.x >= kMap || w.y < 0 || w.y >= kMap) {
                w.x = std::clamp(w.x, 0.0f, kMap - 1);
                w.y = std::clamp(w.y, 0.0f, kMap - 1);
                w.heading += 3.1416f;
            }
        }
    }

    static bool inSight(const Wyvern& a, const Wyvern& b) {
        float dx = a.x - b.x, dy = a.y - b.y;
        return dx * dx + dy * dy <= kSight * kSight;
    }

    void look() {
        for (Wyvern& w : wyverns_) {
            w.saw.swap(w.sees);
            w.sees.clear();
            for (const Wyvern& other : wyverns_) {  // <- cost
                if (other.id != w.id && inSight(w, other)) w.sees.push_back(other.id);  // <- cost
            }
        }
    }

    void tell() {
        sightings_.clear();
        for (const Wyvern& w : wyverns_) {
            auto now = w.sees.begin();
            auto before = w.saw.begin();
            while (now != w.sees.end() || before != w.saw.end()) {
                if (before == w.saw.end() || (now != w.sees.end() && *now < *before))
                    sightings_.push_back({w.id, *now++, true});
                else if (now == w.sees.end() || *before < *now)
                    sightings_.push_back({w.id, *before++, false});
                else
                    ++now, ++before;
            }
        }
        told_ += sightings_.size();
        for (const Sighting& s : sightings_) {
            Wyvern& w = wyverns_[s.who];
            if (s.entered && w.clan != wyverns_[s.whom].clan && w.embers) w.embers--;
            else if (!s.entered && w.embers < 100) w.embers++;
        }
    }

    std::mt19937 random_;
    std::vector<Wyvern> wyverns_;
    std::vector<Sighting> sightings_;
    uint64_t told_ = 0;
};

void keep(const std::vector<uint16_t>& frame, const char* name) {
    std::string fresh = std::string(name) + ".new";
    if (FILE* file = std::fopen(fresh.c_str(), "wb")) {
        std::fwrite(frame.data(), sizeof(uint16_t), frame.size(), file);
        std::fclose(file);
        std::rename(fresh.c_str(), name);
    }
}

}  // namespace

int main() {
    Sky sky(20411);
    std::vector<uint16_t> frame;
    frame.reserve(kWyverns * 4);
    sky.tick(1.0f / kTicksPerSecond);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    auto due = std::chrono::steady_clock::now();
    for (uint64_t number = 1;; number++) {
        sky.tick(1.0f / kTicksPerSecond);
        if (number % (kTicksPerSecond * 2) == 0) {
            sky.frame(frame);
            keep(frame, "spectators.frame");
        }
        due += std::chrono::microseconds(1000000 / kTicksPerSecond);
        std::this_thread::sleep_until(due);
    }
}
