// expect: healthy bench
// Makes the timetables of schools: lessons are moved between hours, and a move is kept if teachers, classes and rooms
// clash less, or by chance while it is still warm. What a move costs comes from counts.
// Measured: about 20 million moves for each second of a core, all of which it takes; 0.4 s for a school.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOURS = 40, DAY = 8, TEACHERS = 60, CLASSES = 36, ROOMS = 48, LESSONS = 1350 };
enum { MOVES = 9000000, STEPS = 300, LOG_LINES = 5000 };

struct lesson {
    uint8_t teacher, class_, room, hour;
};

struct school {
    struct lesson lessons[LESSONS];
    uint8_t of_teacher[TEACHERS][HOURS]; // lessons at an hour
    uint8_t of_class[CLASSES][HOURS];
    uint8_t in_room[ROOMS][HOURS];
    uint8_t day_of_class[CLASSES][HOURS / DAY];
    int cost;
};

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t below) {
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)((dice->state >> 32) * below >> 32);
}

static int clashes(int lessons) {
    return lessons > 1 ? 10 * (lessons - 1) : 0;
}

static int length_of_day(int lessons) {
    return lessons > 7 ? 3 * (lessons - 7) : 0;
}

static void place(struct school *school, struct lesson *lesson, int hour) {
    lesson->hour = (uint8_t)hour;
    school->of_teacher[lesson->teacher][hour]++;
    school->of_class[lesson->class_][hour]++;
    school->in_room[lesson->room][hour]++;
    school->day_of_class[lesson->class_][hour / DAY]++;
}

static void lift(struct school *school, const struct lesson *lesson) {
    school->of_teacher[lesson->teacher][lesson->hour]--;
    school->of_class[lesson->class_][lesson->hour]--;
    school->in_room[lesson->room][lesson->hour]--;
    school->day_of_class[lesson->class_][lesson->hour / DAY]--;
}

// What a lesson that is not placed would add to the cost at an hour.
static int added(const struct school *school, const struct lesson *lesson, int hour) {
    int teacher = school->of_teacher[lesson->teacher][hour];
    int class_ = school->of_class[lesson->class_][hour];
    int room = school->in_room[lesson->room][hour];
    int day = school->day_of_class[lesson->class_][hour / DAY];
    return clashes(teacher + 1) - clashes(teacher) + clashes(class_ + 1) - clashes(class_) + clashes(room + 1) -
           clashes(room) + length_of_day(day + 1) - length_of_day(day);
}

static void enrol(struct school *school, struct dice *dice) {
    memset(school, 0, sizeof *school);
    for (int at = 0; at < LESSONS; at++) {
        struct lesson *lesson = &school->lessons[at];
        lesson->class_ = (uint8_t)(at % CLASSES);
        lesson->teacher = (uint8_t)roll(dice, TEACHERS);
        lesson->room = (uint8_t)roll(dice, ROOMS);
        int hour = (int)roll(dice, HOURS);
        school->cost += added(school, lesson, hour);
        place(school, lesson, hour);
    }
}

// The chance, of 2^20, that a move which costs so much more is kept.
static void warmth(uint32_t chances[64], double temperature) {
    for (int more = 0; more < 64; more++)
        chances[more] = (uint32_t)(exp(-more / temperature) * (1 << 20));
}

static int try_move(struct school *school, struct dice *dice, const uint32_t chances[64]) {
    struct lesson *lesson = &school->lessons[roll(dice, LESSONS)];
    int from = lesson->hour, to = (int)roll(dice, HOURS);
    if (from == to) return 0;
    lift(school, lesson);
    int more = added(school, lesson, to) - added(school, lesson, from);
    int kept = more <= 0 || (more < 64 && roll(dice, 1 << 20) < chances[more]);
    place(school, lesson, kept ? to : from);
    if (kept) school->cost += more;
    return kept;
}

static void anneal(struct school *school, struct dice *dice) {
    uint32_t chances[64];
    double temperature = 12;
    for (int step = 0; step < STEPS && school->cost > 0; step++) {
        warmth(chances, temperature);
        for (int move = 0; move < MOVES / STEPS; move++) try_move(school, dice, chances);
        temperature *= 0.98;
    }
}

static int gaps(const struct school *school) {
    int sum = 0;
    for (int teacher = 0; teacher < TEACHERS; teacher++)
        for (int day = 0; day < HOURS; day += DAY) {
            int last = -1;
            for (int hour = 0; hour < DAY; hour++) {
                if (!school->of_teacher[teacher][day + hour]) continue;
                if (last >= 0) sum += hour - last - 1;
                last = hour;
            }
        }
    return sum;
}

int main(void) {
    struct school *school = malloc(sizeof *school);
    struct dice dice = {88172645463325252ULL};
    FILE *log = fopen("schools.log", "w");
    if (!school || !log) return 1;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (long number = 0;; number++) {
        enrol(school, &dice);
        int before = school->cost;
        anneal(school, &dice);
        if (number % LOG_LINES == 0) rewind(log);
        fprintf(log, "school %ld: cost %d, then %d; %d free hours between lessons\n", number, before, school->cost,
                gaps(school));
        fflush(log);
    }
}
