package transcode;

import java.util.Queue;

class LaneScheduler {
    private static final int LANES = 4;
    private final long[] freeAt = new long[LANES];
    private final String[] lastCodec = new String[LANES];

    private int pick(Job job) {
        int best = 0;
        for (int i = 0; i < LANES; i++) {
            if (job.codec.equals(lastCodec[i]) && freeAt[i] <= job.arrival) { // <- 0
                return i;
            }
            if (freeAt[i] < freeAt[best]) {
                best = i;
            }
        }
        return best;
    }

    long drain(Queue<Job> jobs) {
        long end = 0;
        Job job;
        while ((job = jobs.poll()) != null) {
            int lane = pick(job); // <- 1
            long start = Math.max(freeAt[lane], job.arrival);
            freeAt[lane] = start + job.cost;
            lastCodec[lane] = job.codec;
            end = Math.max(end, freeAt[lane]);
        }
        return end;
    }
}
