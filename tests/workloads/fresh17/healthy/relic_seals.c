/* expect: healthy bench
 * Counts the seals on reliquaries: a sacristan (a process of its own) breaks a seal and may open the shrine only
 * when the keeper has it in the book, safe from a power cut, and says so; he asks for the next one when that is
 * done. So each entry is a write and a sync of its own, six a second: there is never a second entry that could
 * share it.
 *
 * Measured: 31 entries in 6 s, each with a sync, 0.00 s of CPU in 6 s.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SHRINES = 64, BOOK_ENTRIES = 8192, BREAKS_A_SECOND = 6, SURVEY_MS = 500 };

enum act { ACT_BREAK = 1, ACT_SEAL = 2 };

struct wish {
    uint32_t shrine;
    uint32_t act;
    char sacristan[24];
};

struct grant {
    uint32_t granted;
    uint32_t seal;
};

struct entry {
    uint64_t number;
    int64_t when;
    uint32_t shrine;
    uint32_t act;
    uint32_t seal;
    char sacristan[24];
    uint32_t check;
};

struct book {
    int fd;
    uint64_t next;
};

struct shrine {
    uint32_t seal;
    int open;
    int64_t opened;
};

static int whole(int fd, void *data, size_t size, int sending)
{
    char *at = data;
    while (size > 0) {
        ssize_t moved = sending ? send(fd, at, size, MSG_NOSIGNAL) : recv(fd, at, size, 0);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return -1;
        at += moved;
        size -= (size_t)moved;
    }
    return 0;
}

static uint32_t check_of(const struct entry *e)
{
    const unsigned char *p = (const unsigned char *)e;
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < offsetof(struct entry, check); i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static int book_open(struct book *book, const char *path)
{
    book->next = 0;
    book->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (book->fd < 0 || posix_fallocate(book->fd, 0, (off_t)BOOK_ENTRIES * sizeof(struct entry)) != 0)
        return -1;
    return fsync(book->fd);
}

/* The entry is on the disk when this returns 0; nobody may open a shrine before. */
static int book_enter(struct book *book, struct entry *entry)
{
    entry->number = book->next;
    entry->check = check_of(entry);
    off_t at = (off_t)(book->next % BOOK_ENTRIES) * (off_t)sizeof *entry;
    if (pwrite(book->fd, entry, sizeof *entry, at) != (ssize_t)sizeof *entry || fdatasync(book->fd) != 0)
        return -1;
    book->next++;
    return 0;
}

static void keep(struct book *book, struct shrine *shrines, const struct wish *wish, struct grant *grant)
{
    memset(grant, 0, sizeof *grant);
    if (wish->shrine >= SHRINES || (wish->act != ACT_BREAK && wish->act != ACT_SEAL))
        return;
    struct shrine *shrine = &shrines[wish->shrine];
    if (shrine->open == (wish->act == ACT_BREAK))
        return;
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    entry.when = (int64_t)time(NULL);
    entry.shrine = wish->shrine;
    entry.act = wish->act;
    entry.seal = wish->act == ACT_SEAL ? shrine->seal + 1 : shrine->seal;
    memcpy(entry.sacristan, wish->sacristan, sizeof entry.sacristan);
    if (book_enter(book, &entry) != 0)
        return;
    shrine->seal = entry.seal;
    shrine->open = wish->act == ACT_BREAK;
    shrine->opened = entry.when;
    grant->granted = 1;
    grant->seal = entry.seal;
}

/* Shrines that have been open for long are told to the vergers; a slow check, twice a second. */
static int survey(const struct shrine *shrines)
{
    int64_t now = (int64_t)time(NULL);
    int late = 0;
    for (int i = 0; i < SHRINES; i++)
        late += shrines[i].open && now - shrines[i].opened > 600;
    return late;
}

static void sacristan(int line)
{
    struct timespec pause = {0, 1000000000L / BREAKS_A_SECOND};
    struct wish wish = {0, ACT_BREAK, "brother Anselm"};
    struct grant grant;
    unsigned turn = 17;
    for (;;) {
        wish.act = ACT_BREAK;
        turn = turn * 1103515245u + 12345u;
        wish.shrine = (turn >> 16) % SHRINES;
        for (int i = 0; i < 2; i++) {
            if (whole(line, &wish, sizeof wish, 1) != 0 || whole(line, &grant, sizeof grant, 0) != 0)
                _exit(0);
            nanosleep(&pause, NULL);
            wish.act = ACT_SEAL;
        }
    }
}

int main(void)
{
    static struct shrine shrines[SHRINES];
    struct book book;
    int ends[2];
    if (book_open(&book, "seals.book") != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        perror("relic_seals");
        return 1;
    }
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return 1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        close(ends[0]);
        sacristan(ends[1]);
    }
    close(ends[1]);
    printf("ready %d\n", (int)parent);
    fflush(stdout);
    int late = 0;
    for (;;) {
        struct pollfd line = {ends[0], POLLIN, 0};
        int came = poll(&line, 1, SURVEY_MS);
        if (came < 0 && errno != EINTR)
            return 1;
        late = survey(shrines);
        if (came <= 0)
            continue;
        struct wish wish;
        struct grant grant;
        if (whole(ends[0], &wish, sizeof wish, 0) != 0)
            return late > 0;
        keep(&book, shrines, &wish, &grant);
        if (whole(ends[0], &grant, sizeof grant, 1) != 0)
            return 1;
    }
}
