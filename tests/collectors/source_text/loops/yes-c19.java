package crm;

import java.util.List;
import java.util.stream.Collectors;

public final class CampaignService {
    private final ContactRepository contacts;
    private final OptOutRepository optOuts;

    CampaignService(ContactRepository contacts, OptOutRepository optOuts) {
        this.contacts = contacts;
        this.optOuts = optOuts;
    }

    public List<Contact> recipients(String region) {
        List<OptOut> blocked = optOuts.findAll();
        return contacts.findByRegion(region).stream()
                .filter(c -> c.getEmail() != null)
                .filter(c -> !isBlocked(c, blocked)) // <- 1 outer
                .collect(Collectors.toList());
    }

    private static boolean isBlocked(Contact c, List<OptOut> blocked) {
        return blocked.stream()
                .anyMatch(o -> o.getEmail().equalsIgnoreCase(c.getEmail())); // <- 0
    }
}
