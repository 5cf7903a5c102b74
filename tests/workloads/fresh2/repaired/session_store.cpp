// expect: healthy bench
// Keeps the sessions of a shop. Customers come in rushes; of each rush few stay, and are known for some rushes more.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned rush = 40000;
constexpr unsigned staying = 40; // one in so many
constexpr size_t remembered = 4 * rush / staying;

/// The pages of one rush, which all go together.
class Arena {
public:
    char *take(size_t size)
    {
        if (size > left_) {
            blocks_.emplace_back(static_cast<char *>(
                mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
            if (blocks_.back().get() == MAP_FAILED)
                throw std::bad_alloc();
            next_ = blocks_.back().get();
            left_ = block;
        }
        next_ += size;
        left_ -= size;
        return next_ - size;
    }

private:
    static constexpr size_t block = 16 << 20;
    struct Unmap {
        void operator()(char *start) const { munmap(start, block); }
    };

    std::vector<std::unique_ptr<char, Unmap>> blocks_;
    char *next_ = nullptr;
    size_t left_ = 0;
};

struct Session {
    unsigned number;
    char *page; // what the customer sees: made when he comes
    size_t size;
};

unsigned mixed(unsigned number)
{
    return (number * 2654435761u) >> 7;
}

Session begin(unsigned number, Arena &arena)
{
    size_t size = 1200 + mixed(number) % 2600;
    Session session{number, arena.take(size), size};
    memset(session.page, 'a' + static_cast<int>(number % 26), size);
    return session;
}

class Shop {
public:
    /// A rush of customers comes, looks around, and goes.
    void open(unsigned first)
    {
        Arena arena;
        std::vector<Session> here;
        here.reserve(rush);
        for (unsigned number = first; number < first + rush; number++) {
            here.push_back(begin(number, arena));
            if (number % 300 == 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(4));
        }
        for (Session &session : here)
            bought_ += session.page[session.size / 2] % 3 == 0;
        for (Session &session : here)
            if (session.number % staying == 0)
                stay(session);
    }

    size_t known() const { return known_.size(); }
    unsigned long bought() const { return bought_; }

private:
    void stay(const Session &session)
    {
        known_.emplace_back(session.page, session.size);
        if (known_.size() > remembered)
            known_.pop_front();
    }

    std::deque<std::string> known_;
    unsigned long bought_ = 0;
};

long resident()
{
    long pages = 0, all = 0;
    if (FILE *told = fopen("/proc/self/statm", "r")) {
        if (fscanf(told, "%ld %ld", &all, &pages) != 2)
            pages = 0;
        fclose(told);
    }
    return pages * 4096 / 1000000;
}

} // namespace

int main()
{
    using clock = std::chrono::steady_clock;
    auto began = clock::now();
    FILE *log = fopen("sessions.log", "w");
    Shop shop;
    for (unsigned first = 0;; first += rush) {
        shop.open(first);
        if (first == 2 * rush) {
            printf("ready %d\n", getpid());
            fflush(stdout);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(first < 2 * rush ? 200 : 4000));
        long passed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began).count();
        fprintf(log, "%ld %u sessions, %zu known, %lu bought, %ld MB\n", passed, first + rush, shop.known(), shop.bought(),
                resident());
        fflush(log);
    }
}
