// expect: healthy bench
// Draws the letters of documents, and keeps those that it drew, up to 44 megabytes: the one that was not used for
// longest gives its memory to the next. At first everything is new.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <list>
#include <memory>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

constexpr int side = 64;
constexpr size_t most = 44000000 / (side * side);

struct Glyph {
    unsigned code;
    std::unique_ptr<unsigned char[]> points;
};

/// Strokes of a letter, with soft edges.
void draw(unsigned code, unsigned char *points)
{
    float lean = static_cast<float>(code % 7) / 10, thick = 3 + static_cast<float>(code % 5);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float left = static_cast<float>(x) - 12 - lean * static_cast<float>(y);
            float round = std::sqrt(static_cast<float>((x - 36) * (x - 36) + (y - 40) * (y - 40))) - 16;
            float away = std::fmin(std::fabs(left), std::fabs(round)) - thick;
            points[y * side + x] = static_cast<unsigned char>(255 * std::fmin(1.0f, std::fmax(0.0f, 1 - away)));
        }
}

class Cache {
public:
    const Glyph &find(unsigned code)
    {
        auto found = byCode_.find(code);
        if (found != byCode_.end()) {
            known_++;
            order_.splice(order_.begin(), order_, found->second);
            return order_.front();
        }
        drawn_++;
        if (order_.size() < most) {
            order_.push_front({code, std::make_unique<unsigned char[]>(side * side)});
        } else {
            order_.splice(order_.begin(), order_, std::prev(order_.end()));
            byCode_.erase(order_.front().code);
            order_.front().code = code;
        }
        draw(code, order_.front().points.get());
        byCode_[code] = order_.begin();
        return order_.front();
    }

    size_t size() const { return order_.size(); }
    long known() const { return known_; }
    long drawn() const { return drawn_; }

private:
    std::list<Glyph> order_; // the one that was used last first
    std::unordered_map<unsigned, std::list<Glyph>::iterator> byCode_;
    long known_ = 0, drawn_ = 0;
};

/// Pages have common letters, and some that are rare.
class Documents {
public:
    unsigned next()
    {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        double part = static_cast<double>(state_ >> 40) / (1 << 24);
        return static_cast<unsigned>(16000 * part * part * part);
    }

private:
    unsigned long state_ = 7;
};

} // namespace

int main()
{
    using clock = std::chrono::steady_clock;
    Cache cache;
    Documents documents;
    std::vector<unsigned char> line(side * side * 80);
    FILE *log = fopen("glyphs.log", "w");
    printf("ready %d\n", getpid());
    fflush(stdout);
    auto began = clock::now();
    auto due = began;
    long told = 0, lines = 0;
    for (;; lines++) {
        for (int column = 0; column < 80; column++) {
            const Glyph &glyph = cache.find(documents.next());
            for (int y = 0; y < side; y++)
                std::copy_n(&glyph.points[static_cast<size_t>(y) * side], side, &line[static_cast<size_t>(y * 80 + column) * side]);
        }
        due += std::chrono::milliseconds(24);
        std::this_thread::sleep_until(due);
        long passed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began).count();
        if (passed - told > 1000) {
            told = passed;
            fprintf(log, "%ld %ld lines, %zu kept, %ld known, %ld drawn, %d\n", passed, lines, cache.size(), cache.known(),
                cache.drawn(), line[line.size() / 2]);
            fflush(log);
        }
    }
}
