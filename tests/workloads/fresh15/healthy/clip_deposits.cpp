// expect: healthy bench
// Takes in deposits of whale song for an archive: a deposit is a folder of clips with a manifest. The archive
// looks at each clip once (size, time, owner), compares it with the manifest, and accepts the deposit by moving
// the folder as a whole. So it asks the file system a great many things, but each of them only once, and of files
// that it has never seen before.
//
// Measured: 8 deposits of 400 clips a second; CPU 0.01 cores.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr int kClips = 400, kSources = 40, kPeriodMs = 125;

[[noreturn]] void stop(const char* why) {
    std::perror(why);
    std::exit(1);
}

struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using Folder = std::unique_ptr<DIR, CloseDir>;
using File = std::unique_ptr<std::FILE, CloseFile>;

struct Promise {
    long bytes;
    bool met;
};

struct Verdict {
    int right = 0, wrong = 0, missing = 0;
    long bytes = 0;
    bool good() const { return wrong == 0 && missing == 0; }
};

class Archive {
public:
    Verdict take(const std::string& name) {
        std::string path = "inbox/" + name;
        Verdict verdict;
        read_manifest(path);
        look(path, verdict);
        for (const auto& [clip, promise] : promises_) verdict.missing += promise.met ? 0 : 1;
        std::string to = (verdict.good() ? "accepted/" : "refused/") + name;
        if (std::rename(path.c_str(), to.c_str()) != 0) stop("rename");
        return verdict;
    }

private:
    void read_manifest(const std::string& path) {
        File in(std::fopen((path + "/MANIFEST").c_str(), "r"));
        if (!in) stop("manifest");
        char clip[64];
        long bytes;
        promises_.clear();
        while (std::fscanf(in.get(), "%63s %ld", clip, &bytes) == 2) promises_.emplace(clip, Promise{bytes, false});
    }

    void look(const std::string& path, Verdict& verdict) {
        Folder folder(opendir(path.c_str()));
        if (!folder) stop("deposit");
        while (const dirent* entry = readdir(folder.get())) {
            std::string_view name = entry->d_name;
            if (name.front() == '.' || name == "MANIFEST") continue;
            struct stat status {};
            if (fstatat(dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) stop("stat");
            auto found = promises_.find(entry->d_name);
            bool right = found != promises_.end() && S_ISREG(status.st_mode) && status.st_size == found->second.bytes &&
                         status.st_uid == geteuid() && status.st_mtime <= std::time(nullptr) + 60;
            if (found != promises_.end()) found->second.met = true;
            (right ? verdict.right : verdict.wrong)++;
            verdict.bytes += status.st_size;
        }
    }

    std::unordered_map<std::string, Promise> promises_;
};

// The load, in a process of its own: a research ship that hands in a deposit each period, and clears away what has been
// taken. Its clips are links to a few recordings, so that little is written.
class Ship {
public:
    explicit Ship(int tell) : tell_(tell) {
        mkdir("recordings", 0755);
        for (int i = 0; i < kSources; ++i) {
            File out(std::fopen(source(i).c_str(), "w"));
            std::string song(static_cast<std::size_t>(300 + 37 * i), static_cast<char>('a' + i % 26));
            std::fwrite(song.data(), 1, song.size(), out.get());
        }
    }

    void sail() {
        timespec next{};
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (unsigned number = 0;; ++number) {
            next.tv_nsec += kPeriodMs * 1000000L;
            if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
            hand_in(number);
            if (number >= 4) clear_away(number - 4);
        }
    }

private:
    static std::string source(int i) { return "recordings/song" + std::to_string(i); }
    static std::string name(unsigned number) { return "deposit" + std::to_string(number); }
    static std::string clip(unsigned number, int i) { return "clip" + std::to_string(number * 7 % 1000 * 1000 + i); }

    void hand_in(unsigned number) {
        std::string made = "inbox/." + name(number);
        mkdir(made.c_str(), 0755);
        {
            File manifest(std::fopen((made + "/MANIFEST").c_str(), "w"));
            for (int i = 0; i < kClips; ++i) {
                std::string clip_name = clip(number, i);
                if (link(source(i % kSources).c_str(), (made + "/" + clip_name).c_str()) != 0) stop("link");
                long bytes = 300 + 37 * (i % kSources) + (number % 9 == 8 && i == 5 ? 1 : 0); // some are wrong
                std::fprintf(manifest.get(), "%s %ld\n", clip_name.c_str(), bytes);
            }
        }
        std::rename(made.c_str(), ("inbox/" + name(number)).c_str());
        if (write(tell_, &number, sizeof number) != sizeof number) _exit(0);
    }

    void clear_away(unsigned number) {
        for (const char* where : {"accepted/", "refused/"}) {
            std::string path = where + name(number);
            Folder folder(opendir(path.c_str()));
            if (!folder) continue;
            while (const dirent* entry = readdir(folder.get()))
                if (entry->d_name[0] != '.') unlinkat(dirfd(folder.get()), entry->d_name, 0);
            rmdir(path.c_str());
        }
    }

    int tell_;
};

}  // namespace

int main() {
    for (const char* folder : {"inbox", "accepted", "refused"}) mkdir(folder, 0755);
    int ends[2];
    if (pipe(ends) != 0) stop("pipe");
    pid_t child = fork();
    if (child < 0) stop("fork");
    if (child == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        Ship(ends[1]).sail();
    }
    close(ends[1]);
    Archive archive;
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    unsigned number = 0, taken = 0, refused = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        Verdict verdict = archive.take("deposit" + std::to_string(number));
        refused += verdict.good() ? 0 : 1;
        if (++taken % 8 == 0)
            std::fprintf(stderr, "%u deposits, %u refused; the last had %d clips, %ld bytes\n", taken, refused,
                         verdict.right + verdict.wrong, verdict.bytes);
    }
}
