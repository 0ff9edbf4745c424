"""A policy of one's own, on both engines: neurons that please only those who pay them well."""

from dataclasses import dataclass

import neuronet
from neuronet.testing import check_policy


@dataclass(frozen=True)
class Proud(neuronet.LinearPolicy):
    """Listens only to those who pay nearly as much attention as its best listener."""

    share: float = 0.5

    def weighing(self, seen: neuronet.Observation, memory: object) -> object:
        paid = seen.xp.abs(seen.attention)
        enough = paid >= self.share * seen.xp.max(paid, axis=-2, keepdims=True)
        return seen.xp.where(enough, seen.attention, 0 * paid)


check_policy(Proud())
for engine in ("agents", "tensors"):
    result = neuronet.train("digits", policy=Proud(), engine=engine, epochs=5)
    print(f"{engine}: test accuracy {result.accuracy:.4f}")
