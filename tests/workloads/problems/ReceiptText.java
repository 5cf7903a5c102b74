// expect: pattern=string-building bench
// Writes the lines of an invoice into one text.
public class ReceiptText {
    static String render(int lines) {
        String text = "";
        for (int line = 0; line < lines; line++) {
            text += line + "\titem " + (line * 31 % 977) + "\t" + (line % 13) + "\n"; // <- cost
        }
        return text;
    }

    static int total(int lines) {
        int sum = 0;
        for (int line = 0; line < lines; line++) sum += line % 13;
        return sum;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        long length = 0;
        while (length >= 0) length += render(3000).length() + total(3000) & 0xff;
    }
}
