import re

MAIL = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.]+")


def harvest(mailboxes):
    addresses = []
    for box in mailboxes:
        for message in box:
            for raw in MAIL.findall(message.header_bytes()):  # <- outer
                address = raw.decode("ascii", "replace").lower()
                if address not in addresses:  # <- 0
                    addresses.append(address)
    addresses.sort()
    return addresses
