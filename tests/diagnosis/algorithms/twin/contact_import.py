import json
import logging
import re

log = logging.getLogger("contacts.import")

_PHONE = re.compile(r"[^0-9+]")


def normalise(entry):
    email = (entry.get("email") or "").strip().lower()
    phone = _PHONE.sub("", entry.get("phone") or "")  # <- hot 18
    return email, phone


def read_dump(paths):
    for path in paths:
        with open(path, encoding="utf-8") as fh:
            for line in fh:
                if line.strip():
                    yield json.loads(line)  # <- hot 46


def import_contacts(paths, store):
    seen = set()
    added = skipped = 0
    for entry in read_dump(paths):
        key = normalise(entry)
        if key == ("", ""):
            skipped += 1
            continue
        if key in seen:
            skipped += 1
            continue
        seen.add(key)
        store.insert(email=key[0], phone=key[1], name=entry.get("name", ""))  # <- hot 21
        added += 1
    log.info("added %d, skipped %d", added, skipped)
    return added
