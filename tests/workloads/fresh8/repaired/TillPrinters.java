// expect: healthy bench
// The printers of a supermarket's tills: each cashier's sale becomes a receipt, which the printer of that till puts on
// paper line by line; the office may have a copy printed at any till, so two threads can come to one printer.
// Measured: a cashier stands 98 ms at the printer for each receipt; in the twin 14.8 ms, which is what it prints.
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;

class TillPrinters {
    static final int TILLS = 8;
    static final int WIDTH = 40;

    record Item(String name, int pence, int pieces) {
        int sum() {
            return pence * pieces;
        }
    }

    record Sale(int till, long number, List<Item> items) {
        int total() {
            return items.stream().mapToInt(Item::sum).sum();
        }
    }

    /** What stands on the paper: lines of a fixed width, the amounts at the right. */
    static final class Receipt {
        static List<String> of(Sale sale) {
            List<String> lines = new ArrayList<>();
            lines.add("GREENGATE STORES  till " + sale.till());
            for (Item item : sale.items()) {
                lines.add(line(item.pieces() + " x " + item.name(), item.sum()));
            }
            lines.add(line("TOTAL", sale.total()));
            lines.add("no. " + sale.number() + "  " + signature(lines));
            return lines;
        }

        static String line(String what, int pence) {
            String amount = pence / 100 + "." + (pence % 100 < 10 ? "0" : "") + pence % 100;
            int gap = Math.max(1, WIDTH - what.length() - amount.length());
            return what + " ".repeat(gap) + amount;
        }

        static String signature(List<String> lines) {
            CRC32 sum = new CRC32();
            for (String line : lines) {
                sum.update(line.getBytes(StandardCharsets.ISO_8859_1));
            }
            return Long.toHexString(sum.getValue());
        }
    }

    /** The mechanics of a printer: a line takes as long as its motor needs. */
    static final class Mechanics {
        private static final long LINE = TimeUnit.MICROSECONDS.toNanos(1500);
        private long fed;

        void print(List<String> lines) {
            long done = System.nanoTime() + LINE * lines.size();
            for (long left = done - System.nanoTime(); left > 0; left = done - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            fed += lines.size();
        }

        long fed() {
            return fed;
        }
    }

    static final class Printer {
        private final Object paper = new Object();

        private final Mechanics mechanics = new Mechanics();
        private List<String> last = List.of();
        private int receipts;

        void print(Sale sale) {
            List<String> lines = Receipt.of(sale);
            synchronized (paper) {
                mechanics.print(lines);
                last = lines;
                receipts++;
            }
        }

        void copy() {
            synchronized (paper) {
                if (!last.isEmpty()) {
                    mechanics.print(last);
                }
            }
        }

        String state() {
            synchronized (paper) {
                return receipts + " receipts, " + mechanics.fed() + " lines";
            }
        }
    }

    /** A till with its cashier, who takes the next customer when the receipt is out. */
    static final class Till implements Runnable {
        private static final String[] GOODS = {
            "oat biscuits", "leeks", "washing powder", "plain flour", "tea bags", "cheddar", "tinned plums", "candles"
        };

        final Printer printer = new Printer();
        private final int number;
        private final Random dice;
        private final Map<String, Integer> sold = new HashMap<>();
        private volatile long sales;
        private volatile long waited;

        Till(int number) {
            this.number = number;
            dice = new Random(number);
        }

        private Sale scan() {
            List<Item> items = new ArrayList<>();
            for (int left = 4 + dice.nextInt(6); left > 0; left--) {
                String name = GOODS[dice.nextInt(GOODS.length)];
                Item item = new Item(name, 35 + dice.nextInt(900), 1 + dice.nextInt(3));
                sold.merge(name, item.pieces(), Integer::sum);
                items.add(item);
            }
            return new Sale(number, sales + 1, items);
        }

        @Override
        public void run() {
            try {
                while (true) {
                    Sale sale = scan();
                    Thread.sleep(10 + dice.nextInt(30));
                    long began = System.nanoTime();
                    printer.print(sale);
                    waited += System.nanoTime() - began;
                    sales++;
                }
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        }

        String state() {
            return "till " + number + ": " + printer.state() + ", " + waited / 1000 / Math.max(1, sales) + " us each";
        }
    }

    static void office(List<Till> tills) {
        Random dice = new Random(1);
        try {
            while (true) {
                Thread.sleep(400);
                tills.get(dice.nextInt(TILLS)).printer.copy();
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<Till> tills = new ArrayList<>();
        for (int number = 1; number <= TILLS; number++) {
            tills.add(new Till(number));
        }
        for (Till till : tills) {
            Thread thread = new Thread(till, "till-" + till.number);
            thread.setDaemon(true);
            thread.start();
        }
        Thread office = new Thread(() -> office(tills), "office");
        office.setDaemon(true);
        office.start();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(2000);
            List<String> lines = new ArrayList<>();
            for (Till till : tills) {
                lines.add(till.state());
            }
            Files.write(Path.of("tills.txt"), lines);
        }
    }
}
