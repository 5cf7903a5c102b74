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

    private int find(int pin) {
        while (net[pin] != pin) { // <- hot 21
            net[pin] = net[net[pin]]; // <- hot 28
            pin = net[pin];
        }
        return pin;
    }

    void join(int a, int b) {
        int ra = find(a);
        int rb = find(b);
        if (ra != rb) {
            net[rb] = ra; // <- hot 9
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
            out.computeIfAbsent(find(i), k -> new ArrayList<>()).add(pins.get(i)); // <- hot 33
        }
        return out;
    }
}
