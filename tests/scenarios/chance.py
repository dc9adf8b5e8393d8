"""Chance with a seed: the same seed and purpose give the same names, ids, addresses and times, whatever else is made."""
import base64
import ipaddress
import random
import string

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # what AWS spells its unique ids with
# Nobody's: the networks of documentation (RFC 5737) for who matters, that of benchmarks (RFC 2544) for the many.
DOCUMENTATION = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
CROWD, SERVERS = "198.18.0.0/16", "198.19.0.0/16"


class Chance(random.Random):
    """One stream of chance for each purpose: what is left out of one step changes nothing in another."""

    def __init__(self, seed, *purpose):
        super().__init__("/".join(str(part) for part in (seed, *purpose)))

    def hex(self, digits):
        return f"{self.getrandbits(4 * digits):0{digits}x}"

    def base32(self, count):
        return "".join(self.choices(BASE32, k=count))

    def lower(self, count):
        return "".join(self.choices(string.ascii_lowercase + string.digits, k=count))

    def mixed(self, count):
        return "".join(self.choices(string.ascii_letters + string.digits, k=count))

    def digits(self, count):
        return "".join(self.choices("123456789", k=1) + self.choices(string.digits, k=count - 1))

    def uuid(self):
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{self.choice('89ab')}{text[17:20]}-{text[20:]}"

    def base64(self, count):
        return base64.b64encode(self.randbytes(count)).decode()

    def address(self, network):
        """A host of an IPv4 or IPv6 network, neither its first address nor its last."""
        network = ipaddress.ip_network(network)
        return str(network[self.randrange(1, min(network.num_addresses - 1, 1 << 40))])

    def poisson_times(self, begin, end, mean_s):
        """Moments of a Poisson process in [begin, end)."""
        at = begin + self.expovariate(1 / mean_s)
        while at < end:
            yield at
            at += self.expovariate(1 / mean_s)

    def user_key(self):
        return "AKIA" + self.base32(16)

    def session_key(self):
        return "ASIA" + self.base32(16)
