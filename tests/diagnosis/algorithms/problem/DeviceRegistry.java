package iot.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

public class DeviceRegistry {

    public record Frame(String address, long at, byte[] payload) {}

    public interface Sink {
        void deliver(String deviceId, Frame frame);
    }

    private final Map<String, String> addressById = new ConcurrentHashMap<>();
    private final Sink sink;

    public DeviceRegistry(Sink sink) {
        this.sink = sink;
    }

    public void register(String deviceId, String address) {
        addressById.put(deviceId, address);
    }

    public void unregister(String deviceId) {
        addressById.remove(deviceId);
    }

    private String deviceAt(String address) {
        for (Map.Entry<String, String> e : addressById.entrySet()) { // <- cost hot 66
            if (e.getValue().equals(address)) { // <- cost hot 29
                return e.getKey();
            }
        }
        return null;
    }

    public List<Frame> onFrames(List<Frame> frames) {
        List<Frame> strays = new ArrayList<>();
        for (Frame f : frames) {
            String id = deviceAt(f.address());
            if (id == null) {
                strays.add(f);
            } else {
                sink.deliver(id, f);
            }
        }
        return strays;
    }
}
