// expect: healthy bench
// Writes the lines of an invoice into one text.
public class ReceiptText {
    static String render(int lines) {
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < lines; line++) {
            text.append(line).append("\titem ").append(line * 31 % 977).append('\t').append(line % 13).append('\n');
        }
        return text.toString();
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
