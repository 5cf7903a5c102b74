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
    private final Map<String, String> idByAddress = new ConcurrentHashMap<>();
    private final Sink sink;

    public DeviceRegistry(Sink sink) {
        this.sink = sink;
    }

    public synchronized void register(String deviceId, String address) {
        String old = addressById.put(deviceId, address);
        if (old != null) {
            idByAddress.remove(old, deviceId);
        }
        idByAddress.put(address, deviceId);
    }

    public synchronized void unregister(String deviceId) {
        String address = addressById.remove(deviceId);
        if (address != null) {
            idByAddress.remove(address, deviceId);
        }
    }

    private String deviceAt(String address) {
        return idByAddress.get(address); // <- hot 31
    }

    public List<Frame> onFrames(List<Frame> frames) {
        List<Frame> strays = new ArrayList<>();
        for (Frame f : frames) {
            String id = deviceAt(f.address());
            if (id == null) {
                strays.add(f);
            } else {
                sink.deliver(id, f); // <- hot 52
            }
        }
        return strays;
    }
}
