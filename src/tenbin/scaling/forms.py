"""Forms of a scaling curve: loss against the number of parameters N.

The pure power law L = A (N/N0)^-alpha (Kaplan et al. 2020, arXiv:2001.08361) and the power law with a
constant L = E + A (N/N0)^-alpha (Hoffmann et al. 2022, arXiv:2203.15556, at one number of tokens, so
that E holds their data term too). N0, the geometric mean of the fitted N, makes A the loss (or the
reducible loss) in the middle of the data, which is well determined; A at N = 1 is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Form:
    """A family of curves."""

    name: str
    formula: str
    has_constant: bool

    @property
    def num_parameters(self) -> int:
        """Return how many parameters are fitted."""
        return 3 if self.has_constant else 2


POWER_LAW = Form("power_law", "L = A (N/N0)^-alpha", has_constant=False)
POWER_LAW_WITH_CONSTANT = Form("power_law_with_constant", "L = E + A (N/N0)^-alpha, E >= 0", has_constant=True)
FORMS = (POWER_LAW, POWER_LAW_WITH_CONSTANT)


@dataclass(frozen=True)
class FittedCurves:
    """A batch of curves of one form: arrays (curves,); losses in nats per token."""

    n0: float
    constant: FloatArray
    """E."""
    amplitude_at_n0: FloatArray
    """A, the reducible loss at N = N0."""
    exponent: FloatArray
    """alpha."""

    @property
    def amplitude_at_one_parameter(self) -> FloatArray:
        """Return A N0^alpha, the amplitude of N^-alpha itself."""
        return np.asarray(self.amplitude_at_n0 * self.n0**self.exponent)

    def loss_at(self, n: FloatArray) -> FloatArray:
        """Return the losses (curves, n) at numbers of parameters (n,)."""
        decay = np.exp(-self.exponent[:, None] * np.log(n / self.n0))
        return np.asarray(self.constant[:, None] + self.amplitude_at_n0[:, None] * decay)

    def n_at(self, loss: FloatArray) -> FloatArray:
        """Return the N that each curve needs for its loss (curves,): infinite if it never falls so low."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            n = self.n0 * ((loss - self.constant) / self.amplitude_at_n0) ** (-1 / self.exponent)
        reachable = (loss > self.constant) & (self.exponent > 0) & (self.amplitude_at_n0 > 0)
        return np.where(reachable, n, np.inf)
