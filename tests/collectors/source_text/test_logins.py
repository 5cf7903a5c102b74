"""Lines that derive a key to compare it with one that is kept."""

import pytest

from perfdoctor.collectors.source_text.shapes.logins import logins
from perfdoctor.diagnosis.example import cpu, python
from tests.collectors.source_text.one_file import OneFileOfAll

PYTHON = """def phrase_hash(phrase, salt):
    return hashlib.scrypt(phrase.encode(), salt=salt, n=2**14, r=8, p=1)  # 0

class Door:
    def matches(self, phrase, salt, stored):
        return hmac.compare_digest(phrase_hash(phrase, salt), stored)  # 1
"""
SCRIPT = """async function fits(name, password) {
  const account = accounts.get(name);
  const key = crypto.scryptSync(password, account.salt, 32); // 0
  return crypto.timingSafeEqual(key, account.key);
}
"""
GO = """package door

func (d *Door) fits(name, phrase string) bool {
	member := d.members[name]
	key := pbkdf2.Key([]byte(phrase), member.salt, 4096, 32, sha256.New) // 0
	return subtle.ConstantTimeCompare(key, member.key) == 1
}
"""
SEALED = """def keys_from(secret):
    return hashlib.pbkdf2_hmac("sha256", secret, b"cookies", 250)  # 0

def is_sealed(cookie):
    key = keys_from(SECRET)  # 1
    seal = hmac.new(key, cookie.body, hashlib.sha256).digest()
    return hmac.compare_digest(seal, cookie.seal)
"""


def told(ending: str, text: str) -> bool:
    file = f"/srv/app/door.{ending}"
    numbered = list(enumerate(text.split("\n"), 1))
    lines = [at for mark in "01" for at, said in numbered if said.endswith(f" {mark}")]
    return bool(list(logins(OneFileOfAll(file, text), [cpu(tuple(python(at, "it", file) for at in lines), 1.0)])))


@pytest.mark.parametrize(("ending", "text"), [("py", PYTHON), ("js", SCRIPT), ("go", GO)], ids=["py", "js", "go"])
def test_a_password_is_checked(ending: str, text: str) -> None:
    assert told(ending, text)
    assert not told(ending, text.replace("timingSafeEqual", "keep").replace("compare_digest", "keep")
                    .replace("ConstantTimeCompare", "Keep"))  # fmt: skip


def test_a_key_that_is_derived_to_seal_something_is_no_login() -> None:
    assert not told("py", SEALED)
