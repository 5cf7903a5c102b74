// expect: pattern=allocation-churn bench
// Tango partners: who should dance with whom this evening.
//
// A milonga's hosts send dancers who look for a partner; for each, the candidates of the right role are scored by a
// linear model over a dozen features of the pair, and the best ten are kept as proposals, with the feature that spoke
// for them most. Requests come at a fixed rate from the floor (a thread), the matcher works through them.
//
// Measured: 0.30 cores with the problem, 0.03 repaired, at 500 requests a second.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

constexpr int kDancers = 1200;
constexpr int kRequestsPerSecond = 500;
constexpr std::size_t kProposals = 10;
constexpr std::size_t kFeatures = 12;

const char* const kFeatureNames[kFeatures] = {
    "height_difference_cm", "experience_difference", "experience_together", "age_difference_years",
    "embrace_closeness_gap", "vals_preference_product", "milonga_preference_product", "evening_overlap_hours",
    "distance_to_home_km", "danced_together_before", "candidate_popularity_log", "candidate_rest_minutes"};

const std::array<double, kFeatures> kWeights = {-0.04, -0.31, 0.12, -0.02, -0.55, 0.44, 0.38, 0.29, -0.01, 0.21, 0.17, 0.03};

struct Dancer {
    bool leads;
    float height, experience, age, embrace, vals, milonga, from, until, x, y, popularity, rest;
};

struct Proposal {
    double score;
    int dancer;
    std::size_t reason;
};

struct Feature {
    std::string name;
    double value;
};

class Matcher {
public:
    explicit Matcher(std::vector<Dancer> dancers) : dancers_(std::move(dancers)), proposals_(dancers_.size()) {
        for (std::size_t i = 0; i < dancers_.size(); ++i)
            (dancers_[i].leads ? leaders_ : followers_).push_back(static_cast<int>(i));
    }

    void match(int asking) {
        const Dancer& me = dancers_[asking];
        std::vector<Proposal>& best = proposals_[asking];
        best.clear();
        for (int candidate : me.leads ? followers_ : leaders_) { // <- cost
            std::vector<Feature> features = features_of(me, dancers_[candidate], asking + candidate); // <- cost
            double score = score_of(features); // <- cost
            keep(best, {score, candidate, strongest(features)}); // <- cost
        }
        std::sort_heap(best.begin(), best.end(), better);
    }

    double checksum() const {
        double sum = 0;
        for (const auto& best : proposals_)
            for (const auto& proposal : best) sum += proposal.score + static_cast<double>(proposal.reason);
        return sum;
    }

    const char* reason(int asking) const {
        const auto& best = proposals_[asking];
        return best.empty() ? "nothing" : kFeatureNames[best.front().reason];
    }

private:
    static bool better(const Proposal& a, const Proposal& b) { return a.score > b.score; }

    static double value(std::size_t feature, const Dancer& me, const Dancer& other, int meeting) {
        switch (feature) {
            case 0: return std::fabs(me.height - other.height - (me.leads ? 6.f : -6.f));
            case 1: return std::fabs(me.experience - other.experience);
            case 2: return me.experience + other.experience;
            case 3: return std::fabs(me.age - other.age);
            case 4: return std::fabs(me.embrace - other.embrace);
            case 5: return me.vals * other.vals;
            case 6: return me.milonga * other.milonga;
            case 7: return std::max(0.f, std::min(me.until, other.until) - std::max(me.from, other.from));
            case 8: return std::fabs(me.x - other.x) + std::fabs(me.y - other.y);
            case 9: return meeting % 17 == 0 ? 1 : 0;
            case 10: return other.popularity;
            default: return std::min(other.rest, 30.f);
        }
    }

    static std::vector<Feature> features_of(const Dancer& me, const Dancer& other, int meeting) {
        std::vector<Feature> features;
        for (std::size_t i = 0; i < kFeatures; ++i)
            features.push_back({kFeatureNames[i], value(i, me, other, meeting)}); // <- cost
        return features;
    }

    static double score_of(std::vector<Feature> features) { // <- cost
        double sum = 0;
        for (std::size_t i = 0; i < kFeatures; ++i) sum += kWeights[i] * features[i].value;
        return sum;
    }

    static std::size_t strongest(std::vector<Feature> features) { // <- cost
        std::size_t found = 0;
        for (std::size_t i = 1; i < kFeatures; ++i)
            if (kWeights[i] * features[i].value > kWeights[found] * features[found].value) found = i;
        return found;
    }

    static void keep(std::vector<Proposal>& best, const Proposal& proposal) {
        if (best.size() < kProposals) {
            best.push_back(proposal);
            std::push_heap(best.begin(), best.end(), better);
        } else if (proposal.score > best.front().score) {
            std::pop_heap(best.begin(), best.end(), better);
            best.back() = proposal;
            std::push_heap(best.begin(), best.end(), better);
        }
    }

    std::vector<Dancer> dancers_;
    std::vector<int> leaders_, followers_;
    std::vector<std::vector<Proposal>> proposals_;
};

class Floor {
public:
    void ask(int dancer) {
        {
            std::lock_guard<std::mutex> held(mutex_);
            if (waiting_.size() < 2000) waiting_.push_back(dancer);
        }
        came_.notify_one();
    }

    int next() {
        std::unique_lock<std::mutex> held(mutex_);
        came_.wait(held, [this] { return !waiting_.empty(); });
        int dancer = waiting_.front();
        waiting_.pop_front();
        return dancer;
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<int> waiting_;
};

std::vector<Dancer> register_of_dancers() {
    std::mt19937 random(29);
    std::uniform_real_distribution<float> part(0, 1);
    std::vector<Dancer> dancers;
    for (int i = 0; i < kDancers; ++i) {
        float from = 19 + 3 * part(random);
        dancers.push_back({i % 2 == 0, 155 + 35 * part(random), 20 * part(random), 20 + 55 * part(random), part(random),
                           part(random), part(random), from, from + 4 * part(random), 20 * part(random),
                           20 * part(random), std::log1p(60 * part(random)), 90 * part(random)});
    }
    return dancers;
}

int main() {
    Matcher matcher(register_of_dancers());
    Floor floor;
    std::thread hosts([&floor] {
        auto due = std::chrono::steady_clock::now();
        for (std::uint64_t number = 0;; ++number) {
            floor.ask(static_cast<int>(number * 7919 % kDancers));
            due += std::chrono::microseconds(1000000 / kRequestsPerSecond);
            std::this_thread::sleep_until(due);
        }
    });
    for (std::uint64_t done = 0;; ++done) {
        matcher.match(floor.next());
        if (done == 100) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
        }
        if (done % 5000 == 4999)
            std::fprintf(stderr, "proposals %.3f, last for %s\n", matcher.checksum(), matcher.reason(0));
    }
}
