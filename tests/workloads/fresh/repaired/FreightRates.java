// expect: healthy bench
// Works out what a parcel costs. The table of rates is read again when its file has changed, which is looked up each second.
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.zip.CRC32;

public class FreightRates {
    static final Path TABLE = Path.of("rates.bin");
    static final int ROWS = 4_000;
    static final int ROW = 16;

    record Parcel(long number, int code, int grams, int length, int width, int height) {
    }

    /** Rows by code of the place: code, zone, cents for the first kilogram, cents for each further one. */
    static void makeTable() throws IOException {
        ByteBuffer table = ByteBuffer.allocate(ROWS * ROW);
        for (int row = 0; row < ROWS; row++) table.putInt(row * 20).putInt(row % 9).putInt(390 + row % 9 * 120).putInt(80 + row % 9 * 35);
        Files.write(TABLE, table.array());
    }

    static ByteBuffer known;
    static FileTime changed;
    static long looked;

    static ByteBuffer rates() throws IOException {
        long now = System.nanoTime();
        if (known == null || now - looked > 1_000_000_000L) {
            looked = now;
            FileTime at = Files.getLastModifiedTime(TABLE);
            if (!at.equals(changed)) known = ByteBuffer.wrap(Files.readAllBytes(TABLE));
            changed = at;
        }
        return known;
    }

    static int find(ByteBuffer table, int code) {
        int low = 0;
        int high = ROWS - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (table.getInt(middle * ROW) <= code) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    static int price(Parcel parcel) throws IOException {
        ByteBuffer table = rates();
        int row = find(table, parcel.code()) * ROW;
        int weight = Math.max(parcel.grams(), parcel.length() * parcel.width() * parcel.height() / 5000);
        return table.getInt(row + 8) + Math.max(0, (weight - 1) / 1000) * table.getInt(row + 12);
    }

    /** The bars of the label: each digit as seven bars, with a sum at the end. */
    static String label(Parcel parcel, int cents) {
        StringBuilder bars = new StringBuilder(800);
        String text = String.format("%012d%06d%08d", parcel.number(), parcel.code(), cents);
        CRC32 sum = new CRC32();
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            for (int bar = 0; bar < 7; bar++) bars.append((digit * 37 + bar * 11 >> bar & 1) == 1 ? '|' : '.');
            sum.update(digit);
        }
        return bars.append(' ').append(Long.toHexString(sum.getValue())).toString();
    }

    public static void main(String[] arguments) throws IOException {
        makeTable();
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime();
        long told = began;
        String[] labels = new String[500];
        for (long number = 0; ; number++) {
            int mix = (int) (number * 2654435761L >>> 8) & 0xfffff;
            Parcel parcel = new Parcel(number, mix % 80_000, 200 + mix % 9000, 10 + mix % 60, 10 + mix % 40, 5 + mix % 30);
            int cents = price(parcel);
            labels[(int) (number % labels.length)] = label(parcel, cents);
            if (System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                String line = (told - began) / 1_000_000 + " " + number + " parcels, last " + labels[0].length() + "\n";
                Files.writeString(Path.of("parcels.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        }
    }
}
