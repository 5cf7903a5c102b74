// expect: healthy bench
// Builds the index by which a library finds melodies: all runs of six intervals of a collection are sorted and written
// out with the places where they occur. One collection follows the other.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr size_t run_length = 6;
constexpr unsigned melodies = 9000, notes = 90;

struct FileCloser {
    void operator()(FILE *file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, FileCloser>;

File open(const std::string &path, const char *mode)
{
    File file(fopen(path.c_str(), mode));
    if (!file)
        throw std::runtime_error("cannot open " + path);
    return file;
}

/// Where a run of intervals stands; the run is packed into the key, so that sorting needs no look at the notes.
struct Entry {
    uint64_t key;
    uint32_t melody;
    uint32_t place;

    bool operator<(const Entry &other) const
    {
        return key != other.key ? key < other.key : melody != other.melody ? melody < other.melody : place < other.place;
    }
};

using Melody = std::array<int8_t, notes>;

/// A collection of folk songs: steps are small, leaps are rare.
class Collection {
public:
    explicit Collection(unsigned number) : state_(number * 2654435761u + 7) {}

    Melody next()
    {
        Melody melody;
        int pitch = 60;
        for (auto &note : melody) {
            static constexpr int steps[16] = {0, 1, -1, 2, -2, 2, -2, 3, -3, 4, -4, 5, -5, 0, 7, -7};
            pitch += steps[random() % 16];
            if (pitch < 40 || pitch > 85)
                pitch = 60;
            note = static_cast<int8_t>(pitch);
        }
        return melody;
    }

private:
    uint32_t random()
    {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }

    uint32_t state_;
};

class Index {
public:
    Index() { entries_.reserve(size_t{melodies} * (notes - run_length)); }

    void clear() { entries_.clear(); }

    void add(uint32_t number, const Melody &melody)
    {
        uint64_t key = 0;
        for (size_t at = 1; at < melody.size(); at++) {
            auto interval = static_cast<uint8_t>(melody[at] - melody[at - 1]);
            key = (key << 8 | interval) & 0xffffffffffff;
            if (at >= run_length)
                entries_.push_back({key, number, static_cast<uint32_t>(at - run_length)});
        }
    }

    void sort() { std::sort(entries_.begin(), entries_.end()); }

    /// Each run with the number of its places, and the places as differences; how many runs there are.
    size_t write(FILE *to) const
    {
        size_t runs = 0;
        for (size_t from = 0; from < entries_.size(); runs++) {
            size_t end = from;
            while (end < entries_.size() && entries_[end].key == entries_[from].key)
                end++;
            auto count = static_cast<uint32_t>(end - from);
            fwrite(&entries_[from].key, run_length, 1, to);
            fwrite(&count, sizeof count, 1, to);
            for (uint32_t last = 0; from < end; last = entries_[from++].melody) {
                uint32_t place = (entries_[from].melody - last) << 8 | entries_[from].place;
                fwrite(&place, sizeof place, 1, to);
            }
        }
        if (fflush(to) || ferror(to))
            throw std::runtime_error("the index cannot be written");
        return runs;
    }

    size_t size() const { return entries_.size(); }

private:
    std::vector<Entry> entries_;
};

} // namespace

int main()
{
    using clock = std::chrono::steady_clock;
    auto log = open("melodies.log", "w");
    Index index;
    printf("ready %d\n", getpid());
    fflush(stdout);
    auto began = clock::now();
    size_t done = 0;
    for (unsigned number = 0;; number++) {
        Collection collection(number);
        index.clear();
        for (uint32_t melody = 0; melody < melodies; melody++)
            index.add(melody, collection.next());
        index.sort();
        std::string path = "index-" + std::to_string(number % 3) + ".bin";
        auto file = open(path, "wb");
        setvbuf(file.get(), nullptr, _IOFBF, 1 << 18);
        size_t runs = index.write(file.get());
        done += index.size();
        double passed = std::chrono::duration<double>(clock::now() - began).count();
        fprintf(log.get(), "%s: %zu runs, %zu places; %.0f places a second\n", path.c_str(), runs, index.size(),
            static_cast<double>(done) / passed);
        fflush(log.get());
    }
}
