// expect: pattern=memory-growth bench
// Seats of a long-distance coach company: customers look at a coach, hold seats while they pay, and buy them or let
// them go; what is not paid in time is released by a sweep.
// Measured: 1.4 MB more are in use after each second, 92 bytes for each seat held; the twin stays at 4 MB.

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;

public class CoachSeats {
    static final int COACHES = 400;
    static final int SEATS = 57;
    static final long HELD_FOR = 400_000_000L; // nanoseconds: customers here are quick

    /** A seat on one day's coach. */
    static final class Seat { // <- cost
        final int coach;
        final int number;

        Seat(int coach, int number) {
            this.coach = coach;
            this.number = number;
        }

        @Override
        public String toString() {
            return coach + "/" + (number / 4 + 1) + "ABCD".charAt(number % 4);
        }
    }

    /** Who holds a seat, at which price, until when. */
    static final class Hold {
        final int customer;
        final int cents;
        final long until;

        Hold(int customer, int cents, long until) {
            this.customer = customer;
            this.cents = cents;
            this.until = until;
        }
    }

    /** Which seats of a coach are taken, held or sold; it leaves when it is nearly full, and an empty one follows. */
    static final class Coach {
        private long taken;
        int sold;

        boolean take(int seat) {
            boolean free = (taken & 1L << seat) == 0;
            taken |= 1L << seat;
            return free;
        }

        void release(int seat) {
            taken &= ~(1L << seat);
        }

        int free() {
            return SEATS - Long.bitCount(taken);
        }

        boolean left() {
            if (sold < SEATS - 7) {
                return false;
            }
            taken = 0;
            sold = 0;
            return true;
        }
    }

    /** One entry of the sweep: holds fall due in the order in which they were made. */
    static final class Due {
        final int coach;
        final int seat;
        final long at;

        Due(int coach, int seat, long at) {
            this.coach = coach;
            this.seat = seat;
            this.at = at;
        }
    }

    private final Coach[] coaches = new Coach[COACHES];
    private final Map<Seat, Hold> holds = new HashMap<>();
    private final Deque<Due> due = new ArrayDeque<>();
    private long income;
    private int departures;

    CoachSeats() {
        for (int n = 0; n < COACHES; n++) {
            coaches[n] = new Coach();
        }
    }

    /** Holds up to {@code wanted} seats next to each other, as far as there are any; their numbers. */
    List<Integer> hold(int coach, int customer, int wanted, long now) {
        List<Integer> seats = new ArrayList<>();
        int price = 1900 + 40 * (SEATS - coaches[coach].free());
        for (int seat = 0; seat < SEATS && seats.size() < wanted; seat++) {
            if (coaches[coach].take(seat)) {
                holds.put(new Seat(coach, seat), new Hold(customer, price, now + HELD_FOR)); // <- cost
                due.add(new Due(coach, seat, now + HELD_FOR));
                seats.add(seat);
            }
        }
        return seats;
    }

    void buy(int coach, int seat, int cents) {
        holds.remove(new Seat(coach, seat)); // <- cost
        coaches[coach].sold++;
        income += cents;
    }

    void letGo(int coach, int seat) {
        holds.remove(new Seat(coach, seat)); // <- cost
        coaches[coach].release(seat);
    }

    /** Releases what was not paid in time; most holds were ended by their customers long before. */
    void sweep(long now) {
        while (!due.isEmpty() && due.peek().at < now) {
            Due next = due.poll();
            Hold hold = holds.get(new Seat(next.coach, next.seat)); // <- cost
            if (hold != null && hold.until <= now) {
                letGo(next.coach, next.seat);
            }
        }
    }

    /** A coach as customers see it: one character for each seat, in rows of four. */
    String plan(int coach) {
        StringJoiner rows = new StringJoiner("\n");
        for (int first = 0; first < SEATS; first += 4) {
            StringBuilder row = new StringBuilder();
            for (int seat = first; seat < Math.min(first + 4, SEATS); seat++) {
                row.append((coaches[coach].taken & 1L << seat) == 0 ? '.' : '#');
            }
            rows.add(row);
        }
        return rows.toString();
    }

    /** The coach, among some of the same route, that shows most free seats, or -1. */
    private int choose(int first) {
        int best = -1;
        long most = 0;
        for (int coach = first; coach < first + 4; coach++) {
            long free = plan(coach % COACHES).chars().filter(each -> each == '.').count();
            if (free > most) {
                best = coach % COACHES;
                most = free;
            }
        }
        return best;
    }

    /** One customer from the first look to the decision. */
    void visit(int customer, Random dice) {
        int coach = choose(dice.nextInt(COACHES));
        if (coach < 0) {
            return;
        }
        List<Integer> seats = hold(coach, customer, 1 + dice.nextInt(4), System.nanoTime());
        int answer = dice.nextInt(10);
        for (int seat : seats) {
            if (answer < 6) {
                buy(coach, seat, 2500);
            } else {
                letGo(coach, seat);
            }
        }
        if (coaches[coach].left()) {
            departures++;
        }
    }

    public static void main(String[] args) throws InterruptedException {
        CoachSeats company = new CoachSeats();
        Random dice = new Random(9);
        System.out.println("ready " + ProcessHandle.current().pid());
        for (int round = 1, customer = 0; ; round++) {
            for (int visits = 0; visits < 70; visits++) {
                company.visit(customer++, dice);
            }
            company.sweep(System.nanoTime());
            if (round % 3000 == 0) {
                System.out.printf("%d coaches left, %d euros%n", company.departures, company.income / 100);
            }
            Thread.sleep(10);
        }
    }
}
