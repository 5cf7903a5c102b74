/* Two threads that hand a turn to each other by semaphores, as often as they can: every operation is one futex wait and
 * one wake. Counts in the eight bytes of the file argv[1]. */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static sem_t there, back;

static void *answer(void *unused) {
    for (;;) {
        sem_wait(&there);
        sem_post(&back);
    }
    return unused;
}

int main(int count, char **arguments) {
    pthread_t thread;
    int file = open(arguments[count - 1], O_RDWR);
    volatile uint64_t *counter = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    sem_init(&there, 0, 0);
    sem_init(&back, 0, 0);
    pthread_create(&thread, 0, answer, 0);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        sem_post(&there);
        sem_wait(&back);
        *counter += 2;
    }
}
