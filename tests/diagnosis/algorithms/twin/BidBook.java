package auction.book;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

public class BidBook {
    public record Bid(long price, long seq, String bidder) {}

    private static final Comparator<Bid> BEST_FIRST =
            Comparator.comparingLong(Bid::price).reversed().thenComparingLong(Bid::seq);

    private final TreeSet<Bid> bids = new TreeSet<>(BEST_FIRST);
    private long nextSeq;

    public void onBid(String bidder, long price) {
        bids.add(new Bid(price, nextSeq++, bidder));
    }

    public Bid best() {
        return bids.isEmpty() ? null : bids.first(); // <- hot 10
    }

    public int replay(Iterable<String[]> log) {
        int leaderChanges = 0;
        Bid leader = null;
        for (String[] row : log) {
            onBid(row[0], Long.parseLong(row[1])); // <- hot 62
            Bid now = best();
            if (now != leader) {
                leaderChanges++;
                leader = now;
            }
        }
        return leaderChanges;
    }

    public List<Bid> ranking() {
        return new ArrayList<>(bids);
    }
}
