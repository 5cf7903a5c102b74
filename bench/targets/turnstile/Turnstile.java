// Takes a job from standard input, a socket of packets, at every so many turns; ends when nobody gives any more.
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;

public class Turnstile {
    private static final FileInputStream jobs = new FileInputStream(FileDescriptor.in);
    private static final byte[] job = new byte[64];
    private static int turns;

    static void turn(int every) {
        try {
            if (++turns % every == 0 && jobs.read(job) <= 0) System.exit(0);
        } catch (IOException error) {
            System.exit(1);
        }
    }
}
