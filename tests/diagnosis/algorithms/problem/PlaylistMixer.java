package radio.mix;

import java.util.LinkedList;
import java.util.List;
import java.util.Random;

public class PlaylistMixer {

    public static final class Track {
        final String artist;
        final int seconds;
        final double energy;

        Track(String artist, int seconds, double energy) {
            this.artist = artist;
            this.seconds = seconds;
            this.energy = energy;
        }
    }

    private final List<Track> tracks = new LinkedList<>(); // <- cost
    private final Random random = new Random(42);

    public void add(Track t) {
        tracks.add(t);
    }

    double roughness() {
        double sum = 0;
        for (int i = 1; i < tracks.size(); i++) {
            sum += jump(i); // <- cost
        }
        return sum;
    }

    private double jump(int i) {
        Track a = tracks.get(i - 1); // <- cost hot 47
        Track b = tracks.get(i); // <- cost hot 48
        double d = Math.abs(a.energy - b.energy);
        return a.artist.equals(b.artist) ? d + 1.0 : d;
    }

    public List<Track> program(int maxSeconds) {
        List<Track> out = new LinkedList<>();
        int used = 0;
        for (Track t : tracks) {
            if (used + t.seconds > maxSeconds) {
                break;
            }
            used += t.seconds;
            out.add(t);
        }
        return out;
    }
}
