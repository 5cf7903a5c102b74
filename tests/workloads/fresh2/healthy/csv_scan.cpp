// expect: healthy bench
// Sums a large file of sales up by shop, day after day: mapped, cut into views of its own text, nothing is copied.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned rows = 200000;
constexpr unsigned shops = 300;

void make_file(const char *path)
{
    FILE *file = fopen(path, "w");
    fprintf(file, "number,shop,article,pieces,cents\n");
    for (unsigned n = 0; n < rows; n++) {
        unsigned mixed = n * 2654435761u >> 8;
        fprintf(file, "%u,shop-%u,article-%u,%u,%u\n", n, mixed % shops, mixed % 977, 1 + n % 5, 99 + mixed % 9000);
    }
    fclose(file);
}

/// The fields of a line, one after the other.
class Fields {
public:
    explicit Fields(std::string_view line) : rest_(line) {}

    std::string_view next()
    {
        size_t comma = rest_.find(',');
        std::string_view field = rest_.substr(0, comma);
        rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
        return field;
    }

    unsigned number()
    {
        std::string_view field = next();
        unsigned value = 0;
        std::from_chars(field.data(), field.data() + field.size(), value);
        return value;
    }

private:
    std::string_view rest_;
};

struct Sum {
    unsigned long cents = 0, pieces = 0;
};

/// The sums of each shop. Returns how many lines there were.
unsigned scan(std::string_view text, std::vector<Sum> &sums)
{
    unsigned lines = 0;
    text.remove_prefix(text.find('\n') + 1);
    while (!text.empty()) {
        size_t end = text.find('\n');
        Fields fields(text.substr(0, end));
        fields.next();
        std::string_view shop = fields.next().substr(5);
        unsigned number = 0;
        std::from_chars(shop.data(), shop.data() + shop.size(), number);
        fields.next();
        unsigned pieces = fields.number();
        Sum &sum = sums[number % sums.size()];
        sum.pieces += pieces;
        sum.cents += static_cast<unsigned long>(pieces) * fields.number();
        text.remove_prefix(end + 1);
        lines++;
    }
    return lines;
}

} // namespace

int main()
{
    using clock = std::chrono::steady_clock;
    make_file("sales.csv");
    int file = open("sales.csv", O_RDONLY);
    size_t size = static_cast<size_t>(lseek(file, 0, SEEK_END));
    void *mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED)
        return 1;
    madvise(mapped, size, MADV_SEQUENTIAL);
    std::string_view text(static_cast<const char *>(mapped), size);
    FILE *log = fopen("scan.log", "w");
    auto began = clock::now(), told = began;
    std::vector<Sum> sums(shops);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (unsigned long lines = 0;;) {
        std::fill(sums.begin(), sums.end(), Sum());
        lines += scan(text, sums);
        if (clock::now() - told > std::chrono::seconds(1)) {
            told = clock::now();
            long passed = std::chrono::duration_cast<std::chrono::milliseconds>(told - began).count();
            fprintf(log, "%ld %lu lines, the first shop: %.2f EUR\n", passed, lines, static_cast<double>(sums[0].cents) / 100);
            fflush(log);
        }
    }
}
