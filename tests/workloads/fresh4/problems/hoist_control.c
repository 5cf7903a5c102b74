// expect: pattern=busy-wait bench
/*
 * Steers a hoist in a goods yard: one thread takes the frames of the load cells in, the other works the brake out of
 * them and keeps the journal.
 * Measured: 2.7 ms of a core for each frame, which is all of it; 0.03 ms in the twin.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CELLS 32
#define SLOTS 64
#define FRAMES_PER_SECOND 400

struct frame {
    uint32_t number;
    int16_t cells[CELLS]; /* kilograms */
    int16_t height;       /* centimetres */
};

/* From the thread of the line to that of the brake. */
struct ring {
    _Atomic unsigned head;
    _Atomic unsigned tail;
    struct frame slots[SLOTS];
};

struct brake {
    double load, speed, force;
    int height;
    unsigned long frames, swings;
};

static struct ring ring;
static _Atomic unsigned long lost;
static int line_in;

static void ring_put(struct ring *to, const struct frame *frame)
{
    unsigned tail = atomic_load_explicit(&to->tail, memory_order_relaxed);
    if (tail - atomic_load_explicit(&to->head, memory_order_acquire) == SLOTS) {
        atomic_fetch_add(&lost, 1);
        return;
    }
    to->slots[tail % SLOTS] = *frame;
    atomic_store_explicit(&to->tail, tail + 1, memory_order_release);
}

__attribute__((noinline)) static void ring_take(struct ring *from, struct frame *frame)
{
    unsigned head = atomic_load_explicit(&from->head, memory_order_relaxed);
    while (atomic_load_explicit(&from->tail, memory_order_acquire) == head) // <- cost
        ; // <- cost
    *frame = from->slots[head % SLOTS];
    atomic_store_explicit(&from->head, head + 1, memory_order_release);
}

static void *take_frames(void *unused)
{
    struct frame frame;
    while (recv(line_in, &frame, sizeof frame, 0) == (ssize_t)sizeof frame)
        ring_put(&ring, &frame);
    exit(0);
    return unused;
}

__attribute__((noinline)) static void steer(struct brake *brake, const struct frame *frame)
{
    double sum = 0, square = 0;
    for (int i = 0; i < CELLS; i++) {
        sum += frame->cells[i];
        square += (double)frame->cells[i] * frame->cells[i];
    }
    double mean = sum / CELLS;
    double swing = sqrt(fmax(0, square / CELLS - mean * mean));
    brake->swings += swing > 60;
    brake->load += (sum - brake->load) * 0.2;
    brake->speed += ((frame->height - brake->height) * (double)FRAMES_PER_SECOND / 100 - brake->speed) * 0.1;
    brake->height = frame->height;
    brake->force = brake->load * 9.81 * (1 + 0.3 * fabs(brake->speed)) / (1 + exp(-swing / 100));
    brake->frames++;
}

/* The load cells are a machine of their own. */
static void load_cells(int line)
{
    struct frame frame = {0};
    struct timespec pause = {0, 1000000000 / FRAMES_PER_SECOND};
    for (;; frame.number++) {
        frame.height = (int16_t)(600 + 500 * sin(frame.number / 900.0));
        for (int i = 0; i < CELLS; i++)
            frame.cells[i] = (int16_t)(120 + i * 7 % 13 + 90 * sin(frame.number / 70.0 + i));
        if (send(line, &frame, sizeof frame, MSG_NOSIGNAL) < 0)
            _exit(0);
        nanosleep(&pause, NULL);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
    int line[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line) < 0)
        return 1;
    if (fork() == 0) {
        close(line[0]);
        if (fork() == 0)
            load_cells(line[1]);
        _exit(0);
    }
    close(line[1]);
    line_in = line[0];
    FILE *journal = fopen("hoist.log", "w");
    pthread_t taker;
    if (!journal || pthread_create(&taker, NULL, take_frames, NULL))
        return 1;
    struct brake brake = {0};
    struct frame frame;
    double began = seconds();
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        ring_take(&ring, &frame); // <- cost
        steer(&brake, &frame);
        if (brake.frames % FRAMES_PER_SECOND == 0) {
            fprintf(journal, "%.0f %lu frames, %lu lost, %lu swings, %.0f N\n", 1000 * (seconds() - began), brake.frames,
                    atomic_load(&lost), brake.swings, brake.force);
            fflush(journal);
        }
    }
}
