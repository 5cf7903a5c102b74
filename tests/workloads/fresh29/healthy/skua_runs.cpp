// expect: healthy bench
//
// Compactor of a sorted store of skua sightings: merges eight sorted runs into one, the newest version of a key wins,
// and deletions are dropped. Runs are read and written in large pieces through the merge. A batch: one compaction every
// 150 ms, and rest in between.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using Clock = std::chrono::steady_clock;

constexpr int runs = 8;
constexpr int records_per_run = 100000;
constexpr size_t piece = 4096;
constexpr auto period = std::chrono::milliseconds(150);

struct Record {
    uint64_t key;
    uint32_t version;
    uint32_t deleted;
    double latitude, longitude;
};

[[noreturn]] static void fail(const std::string &name) {
    std::perror(name.c_str());
    std::exit(1);
}

static std::string run_name(int number) {
    return "run-" + std::to_string(number) + ".sst";
}

class RunReader {
  public:
    RunReader(const std::string &name, int age) : age(age), buffer(piece) {
        file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0)
            fail(name);
        ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
        fill();
    }
    ~RunReader() {
        ::close(file);
    }
    RunReader(const RunReader &) = delete;
    RunReader &operator=(const RunReader &) = delete;

    bool ended() const {
        return at == held;
    }
    const Record &head() const {
        return buffer[at];
    }
    void next() {
        if (++at == held)
            fill();
    }

    const int age;

  private:
    void fill() {
        ssize_t got = ::read(file, buffer.data(), piece * sizeof(Record));
        held = got > 0 ? got / sizeof(Record) : 0;
        at = 0;
    }

    int file;
    std::vector<Record> buffer;
    size_t at = 0, held = 0;
};

class RunWriter {
  public:
    explicit RunWriter(std::string name) : name(std::move(name)) {
        buffer.reserve(piece);
        file = ::open(this->name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (file < 0)
            fail(this->name);
    }
    void add(const Record &record) {
        buffer.push_back(record);
        if (buffer.size() == piece)
            flush();
    }
    void finish() {
        flush();
        ::fdatasync(file);
        ::close(file);
    }

  private:
    void flush() {
        ssize_t size = buffer.size() * sizeof(Record);
        if (::write(file, buffer.data(), size) != size)
            fail(name);
        buffer.clear();
    }

    std::string name;
    int file;
    std::vector<Record> buffer;
};

/* The reader with the lowest key is on top; of equal keys that of the newest run. */
static bool later(const RunReader *a, const RunReader *b) {
    if (a->head().key != b->head().key)
        return a->head().key > b->head().key;
    return a->age > b->age;
}

static long compact(const std::string &target) {
    std::vector<std::unique_ptr<RunReader>> readers;
    std::vector<RunReader *> heap;
    for (int n = 0; n < runs; n++) {
        readers.push_back(std::make_unique<RunReader>(run_name(n), n));
        if (!readers.back()->ended())
            heap.push_back(readers.back().get());
    }
    std::make_heap(heap.begin(), heap.end(), later);
    RunWriter out(target + ".new");
    uint64_t last = UINT64_MAX;
    long kept = 0;
    while (!heap.empty()) {
        std::pop_heap(heap.begin(), heap.end(), later);
        RunReader *reader = heap.back();
        const Record &record = reader->head();
        if (record.key != last) {
            last = record.key;
            if (!record.deleted) {
                out.add(record);
                kept++;
            }
        }
        reader->next();
        if (reader->ended())
            heap.pop_back();
        else
            std::push_heap(heap.begin(), heap.end(), later);
    }
    out.finish();
    if (std::rename((target + ".new").c_str(), target.c_str()))
        fail(target);
    return kept;
}

static void write_runs() {
    std::mt19937_64 draw(97);
    for (int n = 0; n < runs; n++) {
        std::vector<Record> records(records_per_run);
        for (Record &record : records)
            record = {draw() % 150000, static_cast<uint32_t>(runs - n), draw() % 20 == 0,
                      55 + draw() % 1000000 / 100000.0, -8 + static_cast<int>(draw() % 1000000) / 100000.0};
        std::sort(records.begin(), records.end(), [](const Record &a, const Record &b) { return a.key < b.key; });
        RunWriter out(run_name(n));
        for (const Record &record : records)
            out.add(record);
        out.finish();
    }
}

int main() {
    write_runs();
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    auto due = Clock::now();
    for (;;) {
        if (compact("level-1.sst") == 0)
            std::fprintf(stderr, "nothing is left\n");
        due = std::max(due + period, Clock::now());
        std::this_thread::sleep_until(due);
    }
}
