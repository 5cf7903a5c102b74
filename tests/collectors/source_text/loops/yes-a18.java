public class SubscriptionSync {
    private final List<String> revoked = new LinkedList<>();

    public void revoke(String token) {
        revoked.add(token);
    }

    public List<Device> active(List<Device> devices, Instant now) {
        return devices.stream()
            .filter(d -> d.lastSeen().isAfter(now.minus(Duration.ofDays(30))))
            .filter(d -> !revoked.contains(d.token())) // <- 0 outer
            .sorted(Comparator.comparing(Device::lastSeen).reversed())
            .collect(Collectors.toList());
    }
}
