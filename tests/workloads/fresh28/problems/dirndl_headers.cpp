// expect: pattern=repeated-read bench
// Header checker of the dirndl repositories' review bot: editors and pushes submit changed files, which are held against the
// policy of the project (allowed licences, banned includes, longest line) on two workers. The policy is a file in the
// repository of the bot, which comes with its releases.
//
// Measured: for 1,500 submissions a second 0.32 to 0.35 cores, repaired 0.05 to 0.09.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

using Clock = std::chrono::steady_clock;

constexpr int kReviewsPerSecond = 1500;
constexpr int kWorkers = 2;

struct Policy {
    std::unordered_set<std::string> licences;
    std::unordered_set<std::string> banned;
    size_t longest = 120;
};

struct Submission {
    int review;
    std::shared_ptr<const std::string> text;
};

struct Verdict {
    bool licensed = false;
    int banned = 0;
    int overlong = 0;
    bool clean() const { return licensed && banned == 0 && overlong == 0; }
};

Policy load_policy(const std::string& path) {
    Policy policy;
    std::ifstream file(path);  // <- cost
    std::string line;
    while (std::getline(file, line)) {  // <- cost
        if (line.empty() || line[0] == '#') continue;
        const auto blank = line.find(' ');
        if (blank == std::string::npos) continue;
        const std::string_view kind(line.data(), blank);
        if (kind == "licence") policy.licences.emplace(line, blank + 1);  // <- cost
        else if (kind == "ban") policy.banned.emplace(line, blank + 1);  // <- cost
        else if (kind == "longest") policy.longest = std::stoul(line.substr(blank + 1));
    }
    return policy;
}

Verdict check(const Policy& policy, std::string_view text) {
    static constexpr std::string_view kSpdx = "// SPDX-License-Identifier: ";
    static constexpr std::string_view kInclude = "#include <";
    Verdict verdict;
    std::string name;
    bool first = true;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (first && line.substr(0, kSpdx.size()) == kSpdx) {
            name.assign(line.substr(kSpdx.size()));
            verdict.licensed = policy.licences.count(name) != 0;
        } else if (line.substr(0, kInclude.size()) == kInclude) {
            name.assign(line.substr(kInclude.size(), line.find('>') - kInclude.size()));
            verdict.banned += policy.banned.count(name) != 0;
        }
        verdict.overlong += line.size() > policy.longest;
        first = false;
    }
    return verdict;
}

class Inbox {
public:
    void put(Submission submission) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            room_.wait(lock, [&] { return waiting_.size() < 200; });
            waiting_.push_back(std::move(submission));
        }
        filled_.notify_one();
    }

    Submission take() {
        std::unique_lock<std::mutex> lock(mutex_);
        filled_.wait(lock, [&] { return !waiting_.empty(); });
        auto submission = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        room_.notify_one();
        return submission;
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_, room_;
    std::deque<Submission> waiting_;
};

class Reviewer {
public:
    Reviewer(Inbox& inbox, std::string policy_path) : inbox_(inbox), policy_path_(std::move(policy_path)) {}

    void run() {
        for (;;) {  // <- cost
            const auto submission = inbox_.take();
            const auto verdict = review(submission);  // <- cost
            reviewed += 1;
            if (!verdict.clean()) refused += 1;
        }
    }

    std::atomic<long> reviewed{0}, refused{0};

private:
    Verdict review(const Submission& submission) {
        const Policy policy = load_policy(policy_path_);  // <- cost
        return check(policy, *submission.text);
    }

    Inbox& inbox_;
    const std::string policy_path_;
};

void write_policy(const std::string& path) {
    std::ofstream file(path);
    file << "# policy of the dirndl repositories\nlongest 110\n";
    for (int n = 0; n < 120; ++n) file << "licence Alm-" << n % 40 << "." << n / 40 << "\n";
    for (int n = 0; n < 1100; ++n) file << "ban apron/ribbon" << n << "/detail/knot_" << n * 37 % 1000 << ".hpp\n";
}

std::vector<std::shared_ptr<const std::string>> make_sources() {
    std::mt19937 random(23);
    std::vector<std::shared_ptr<const std::string>> sources;
    for (int n = 0; n < 300; ++n) {
        std::string text = "// SPDX-License-Identifier: Alm-" + std::to_string(random() % 44) + ".1\n";
        for (int i = 0; i < 14; ++i) {
            const auto at = std::to_string(random() % 4000);
            text += "#include <apron/ribbon" + at + "/detail/knot_" + at + ".hpp>\n";
        }
        for (int i = 0; i < 80; ++i) {
            text += std::string(random() % 12, ' ');
            text += "stitch(seam[" + std::to_string(random() % 999) + "], " + std::to_string(random()) + ");\n";
        }
        sources.push_back(std::make_shared<const std::string>(std::move(text)));
    }
    return sources;
}

void submit(Inbox& inbox) {
    const auto sources = make_sources();
    auto due = Clock::now();
    for (int review = 0;; ++review) {
        inbox.put({review, sources[review % sources.size()]});
        due = std::max(due + std::chrono::microseconds(1000000 / kReviewsPerSecond), Clock::now() - std::chrono::seconds(1));
        std::this_thread::sleep_until(due);
    }
}

int main() {
    write_policy("policy.conf");
    Inbox inbox;
    Reviewer reviewer(inbox, "policy.conf");
    std::vector<std::thread> threads;
    for (int n = 0; n < kWorkers; ++n) threads.emplace_back([&] { reviewer.run(); });
    threads.emplace_back([&] { submit(inbox); });
    while (reviewer.reviewed < 200) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::cout << "ready " << getpid() << std::endl;
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(10));
        std::ofstream("reviews.state") << reviewer.reviewed << " reviewed, " << reviewer.refused << " refused\n";
    }
}
