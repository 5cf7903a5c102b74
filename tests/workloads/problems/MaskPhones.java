// expect: pattern=repeated-computation bench
// Hides telephone numbers and addresses in comments.
public class MaskPhones {
    static String mask(String comment) {
        String text = comment.replaceAll("\\+?[0-9][0-9 ()/-]{6,}[0-9]", "[number]"); // <- cost
        text = text.replaceAll("(?i)[a-z0-9._-]+@[a-z0-9-]+(\\.[a-z]{2,})+", "[address]"); // <- cost
        return text;
    }

    static int letters(String text) {
        int count = 0;
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) > '9') count++;
        return count;
    }

    public static void main(String[] arguments) {
        System.out.println("ready " + ProcessHandle.current().pid());
        String[] comments = {"call +49 30 123456", "me@example.org", "no number", "thanks"};
        long total = 0;
        for (int i = 0; total >= 0; i++) total = total + letters(mask(comments[i % comments.length])) & 0xffffff;
    }
}
