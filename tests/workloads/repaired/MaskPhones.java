// expect: healthy bench
// Hides telephone numbers and addresses in comments.
import java.util.regex.Pattern;

public class MaskPhones {
    static final Pattern NUMBER = Pattern.compile("\\+?[0-9][0-9 ()/-]{6,}[0-9]");
    static final Pattern ADDRESS = Pattern.compile("(?i)[a-z0-9._-]+@[a-z0-9-]+(\\.[a-z]{2,})+");

    static String mask(String comment) {
        String text = NUMBER.matcher(comment).replaceAll("[number]");
        text = ADDRESS.matcher(text).replaceAll("[address]");
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
