// expect: pattern=memory-growth bench
// The web desk of a dance school: visitors look through the timetable, put courses on their list and sometimes book.
// What each has seen is kept for the "back to my search" button. Each tick of the clock stands for five minutes of a
// busy first day of term.
// Measured: what is left after a collection grows by 8 MB a second, to 63 MB after 4 s; it stays at 14 MB in the twin.

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

public class StudioVisits {
    static final int TICK_MS = 50;
    static final int NEW_EACH_TICK = 80;
    static final int STAY_TICKS = 6;
    static final int TICKS_OF_DAY = 60;

    enum Dance { TANGO, SALSA, WALTZ, LINDY, BALLET, JAZZ, TAP, FLAMENCO }

    record Course(int number, Dance dance, int level, int euros, String row) {
        static Course of(int number, Dance dance, int level, String studio, int weekday, int hour, int euros) {
            String row = String.format("%-9s level %d  %-8s day %d  %02d:00  %3d EUR  free: ", dance, level, studio,
                    weekday, hour, euros);
            return new Course(number, dance, level, euros, row);
        }
    }

    /** A page as it was shown to somebody. */
    record Page(Dance dance, int tick, byte[] text) {}

    /** What one visitor did here. */
    static class Visit {
        final int visitor;
        int lastTick;
        final Deque<Page> seen = new ArrayDeque<>();
        final List<Course> wanted = new ArrayList<>();

        Visit(int visitor) {
            this.visitor = visitor;
        }

        void show(Page page) {
            if (seen.size() == 5) {
                seen.removeFirst();
            }
            seen.addLast(page); // <- cost
            lastTick = page.tick();
        }
    }

    /** The visits, the one that has been idle longest first. */
    static class Visits {
        private final Map<Integer, Visit> open = new LinkedHashMap<>(64, 0.75f, true);

        Visit of(int visitor) {
            return open.computeIfAbsent(visitor, Visit::new); // <- cost
        }

        void signOff(int visitor) {
            open.remove(visitor);
        }

        int size() {
            return open.size();
        }
    }

    static class Timetable {
        private final Map<Dance, List<Course>> byDance = new EnumMap<>(Dance.class);
        private final int[] free;

        Timetable(Random dice) {
            String[] studios = {"mill", "harbour", "attic", "annex", "north"};
            int number = 0;
            for (Dance dance : Dance.values()) {
                List<Course> courses = new ArrayList<>();
                for (int each = 0; each < 40; each++) {
                    courses.add(Course.of(number++, dance, 1 + each % 5, studios[dice.nextInt(studios.length)],
                            1 + dice.nextInt(6), 9 + dice.nextInt(12), 60 + 5 * dice.nextInt(20)));
                }
                byDance.put(dance, courses);
            }
            free = new int[number];
            java.util.Arrays.fill(free, 20);
        }

        Page page(Dance dance, int tick) {
            StringBuilder text = new StringBuilder(3072);
            for (Course course : byDance.get(dance)) {
                text.append(course.row()).append(free[course.number()]).append('\n');
            }
            return new Page(dance, tick, text.toString().getBytes(StandardCharsets.UTF_8)); // <- cost
        }

        Course any(Dance dance, Random dice) {
            List<Course> courses = byDance.get(dance);
            return courses.get(dice.nextInt(courses.size()));
        }

        boolean book(Course course) {
            if (free[course.number()] == 0) {
                free[course.number()] = 20; // (a second group is opened)
            }
            free[course.number()]--;
            return true;
        }
    }

    /** Serves what visitors do in one tick. */
    static class Desk {
        private final Timetable timetable;
        private final Visits visits = new Visits();
        private final Random dice;
        private int nextVisitor = 1;
        private int pages;
        private int bookings;

        Desk(Timetable timetable, Random dice) {
            this.timetable = timetable;
            this.dice = dice;
        }

        void serve(int tick) {
            for (int each = 0; each < NEW_EACH_TICK; each++) {
                look(nextVisitor++, tick); // <- cost
                int back = nextVisitor - 1 - dice.nextInt(NEW_EACH_TICK * 4);
                if (back > 0) {
                    look(back, tick); // <- cost
                }
            }
        }

        private void look(int visitor, int tick) {
            Visit visit = visits.of(visitor); // <- cost
            Dance dance = Dance.values()[dice.nextInt(Dance.values().length)];
            visit.show(timetable.page(dance, tick)); // <- cost
            pages++;
            if (dice.nextInt(4) == 0) {
                visit.wanted.add(timetable.any(dance, dice));
            }
            if (visit.wanted.size() == 2) {
                visit.wanted.forEach(timetable::book);
                bookings++;
                visits.signOff(visitor);
            }
        }

        String day(int tick) {
            return String.format("tick %d: %d visits open, %d pages, %d bookings%n", tick, visits.size(), pages,
                    bookings);
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("visits");
        Path log = folder.resolve("day.txt");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            log.toFile().delete();
            folder.toFile().delete();
        }));
        Random dice = new Random(1925);
        Desk desk = new Desk(new Timetable(dice), dice);
        long due = System.nanoTime();
        for (int tick = 0;; tick++) {
            desk.serve(tick); // <- cost
            if (tick == TICKS_OF_DAY / 2) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (tick % TICKS_OF_DAY == 0) {
                Files.writeString(log, desk.day(tick));
            }
            due = Math.max(due + TICK_MS * 1_000_000L, System.nanoTime() - 1_000_000_000L);
            long left = due - System.nanoTime();
            if (left > 0) {
                Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
            }
        }
    }
}
