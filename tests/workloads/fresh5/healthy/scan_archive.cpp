// expect: healthy bench
// Packs the scans of tree rings for an archive: differences of neighbours, run lengths, then a code by frequencies; the
// packed scans go to a file of a fixed size in large blocks. Packing is all that it is for.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <queue>
#include <stdexcept>
#include <unistd.h>
#include <vector>

namespace {

constexpr int WIDTH = 1600, HEIGHT = 480;
constexpr long LARGEST = 32L << 20;

using Bytes = std::vector<uint8_t>;

// A disc of wood under the scanner, with a little noise.
Bytes scan(int number)
{
    Bytes points(static_cast<size_t>(WIDTH) * HEIGHT);
    uint32_t mixed = 77u + static_cast<uint32_t>(number);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            mixed = mixed * 1664525 + 1013904223;
            double far = std::hypot(x - 800.0, y - 240.0);
            double ring = 140 + 60 * std::sin(far / (6 + number % 5));
            points[static_cast<size_t>(y) * WIDTH + x] = static_cast<uint8_t>(ring + (mixed >> 31));
        }
    return points;
}

// The length of the code of each value, by how often it comes.
class Lengths {
public:
    explicit Lengths(const Bytes &bytes)
    {
        std::array<uint32_t, 256> counts{};
        for (uint8_t byte : bytes)
            counts[byte]++;
        using Node = std::pair<uint64_t, int>;
        std::priority_queue<Node, std::vector<Node>, std::greater<>> nodes;
        std::array<int, 512> parent{};
        for (int value = 0; value < 256; value++)
            nodes.push({counts[value] + 1, value});
        int next = 256;
        while (nodes.size() > 1) {
            Node first = nodes.top();
            nodes.pop();
            Node second = nodes.top();
            nodes.pop();
            parent[first.second] = parent[second.second] = next;
            nodes.push({first.first + second.first, next++});
        }
        std::array<int, 512> depth{};
        for (int node = next - 2; node >= 0; node--)
            depth[node] = depth[parent[node]] + 1;
        std::copy_n(depth.begin(), 256, lengths_.begin());
        assign();
    }
    int length(uint8_t value) const { return lengths_[value]; }
    uint64_t code(uint8_t value) const { return codes_[value]; }

private:
    void assign()
    {
        std::array<int, 256> order;
        for (int value = 0; value < 256; value++)
            order[value] = value;
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return lengths_[a] < lengths_[b]; });
        uint64_t code = 0;
        int before = lengths_[order[0]];
        for (int value : order) {
            code <<= lengths_[value] - before;
            before = lengths_[value];
            codes_[value] = code++;
        }
    }
    std::array<int, 256> lengths_{};
    std::array<uint64_t, 256> codes_{};
};

class Packer {
public:
    const Bytes &pack(const Bytes &points)
    {
        differences(points);
        Lengths lengths(steps_);
        packed_.clear();
        for (int value = 0; value < 256; value++)
            packed_.push_back(static_cast<uint8_t>(lengths.length(static_cast<uint8_t>(value))));
        uint64_t bits = 0;
        int held = 0;
        for (uint8_t step : steps_) {
            bits = bits << lengths.length(step) | lengths.code(step);
            for (held += lengths.length(step); held >= 8; held -= 8)
                packed_.push_back(static_cast<uint8_t>(bits >> (held - 8)));
        }
        if (held)
            packed_.push_back(static_cast<uint8_t>(bits << (8 - held)));
        return packed_;
    }

private:
    void differences(const Bytes &points)
    {
        steps_.resize(points.size());
        uint8_t before = 0;
        for (size_t i = 0; i < points.size(); i++) {
            steps_[i] = static_cast<uint8_t>(points[i] - before);
            before = points[i];
        }
    }
    Bytes steps_, packed_;
};

} // namespace

int main()
{
    std::vector<Bytes> scans;
    for (int number = 0; number < 10; number++)
        scans.push_back(scan(number));
    std::FILE *archive = std::fopen("rings.archive", "w"), *log = std::fopen("archive.log", "w");
    if (!archive || !log)
        return 1;
    std::setvbuf(archive, nullptr, _IOFBF, 1 << 20);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    Packer packer;
    auto told = std::chrono::steady_clock::now();
    double before = 0, after = 0;
    for (long number = 0;; number++) {
        const Bytes &points = scans[static_cast<size_t>(number) % scans.size()];
        const Bytes &packed = packer.pack(points);
        before += static_cast<double>(points.size());
        after += static_cast<double>(packed.size());
        if (std::ftell(archive) > LARGEST)
            std::rewind(archive);
        if (std::fwrite(packed.data(), 1, packed.size(), archive) != packed.size())
            return 1;
        if (std::chrono::steady_clock::now() - told > std::chrono::seconds(1)) {
            told = std::chrono::steady_clock::now();
            std::fprintf(log, "%ld scans, %.0f %% of their size\n", number, 100 * after / before);
            std::fflush(log);
        }
    }
}
