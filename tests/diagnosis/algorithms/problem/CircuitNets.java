package pcb.netlist;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Groups pins into electrical nets from the list of traces of a board. */
final class CircuitNets {

    private final int[] net;
    private final List<String> pins;

    CircuitNets(List<String> pins) {
        this.pins = pins;
        this.net = new int[pins.size()];
        for (int i = 0; i < net.length; i++) {
            net[i] = i;
        }
    }

    void join(int a, int b) {
        int keep = net[a];
        int drop = net[b];
        if (keep == drop) {
            return;
        }
        for (int i = 0; i < net.length; i++) { // <- cost hot 37
            if (net[i] == drop) { // <- cost hot 56
                net[i] = keep;
            }
        }
    }

    void addTraces(int[][] traces) {
        for (int[] trace : traces) {
            for (int k = 1; k < trace.length; k++) {
                join(trace[k - 1], trace[k]);
            }
        }
    }

    Map<Integer, List<String>> nets() {
        Map<Integer, List<String>> out = new HashMap<>();
        for (int i = 0; i < net.length; i++) {
            out.computeIfAbsent(net[i], k -> new ArrayList<>()).add(pins.get(i));
        }
        return out;
    }
}
