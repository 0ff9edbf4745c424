"""A policy of one's own, on both engines: neurons that please only those who pay them well."""

from dataclasses import dataclass

import neuronet
from neuronet.testing import check_policy


@dataclass(frozen=True)
class Proud(neuronet.LinearPolicy):
    """Listens only to those who pay nearly as much attention as its best listener."""

    share: float = 0.5

    def feedback_weights(self, obs: neuronet.Observation, memory: object) -> object:
        paid = obs.xp.abs(obs.attention)
        enough = paid >= self.share * obs.xp.max(paid, axis=-2, keepdims=True)
        return obs.xp.where(enough, obs.attention, 0 * paid)


check_policy(Proud())
for engine in ("agents", "tensors"):
    result = neuronet.train("digits", policy=Proud(), engine=engine, epochs=5)
    print(f"{engine}: test accuracy {result.accuracy:.4f}")
