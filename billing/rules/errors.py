"""What can go wrong in billing: bad input (say so) and broken invariants (park the run)."""


class BillingError(ValueError):
    """Bad input; the message says what happened and what to do."""


class BadMoney(BillingError):
    """An amount that cannot be money: float, unknown currency, too many decimals."""


class CurrencyMismatch(BillingError):
    """Two currencies met without an exchange rate."""


class BadPeriod(BillingError):
    """Not a month, not UTC, or not on a whole hour."""


class NotEnded(BillingError):
    """The period is still running or lies in the future."""


class BadTerms(BillingError):
    """Agreement terms or a rate that cannot be used; the message names the member."""


class BadRunInput(BillingError):
    """A frozen quantity that cannot be rated."""


class WrongState(BillingError):
    """A run cannot do this verb in its present state."""


class SamePerson(BillingError):
    """The preparer of a run tried to approve it."""


class Parked(BillingError):
    """This agreement must stop; the others go on."""


class MissingRate(Parked):
    """Usage that no rate of the card covers."""


class ForeignCurrency(Parked, CurrencyMismatch):
    """A customer's currency differs from the agreement's and no exchange rate was frozen."""


class MissingTax(Parked):
    """A party of a taxed document whose tax status, or whose country's rate, is not entered."""


class InvariantBroken(Parked):
    """Parts do not sum to the whole, or an entry does not balance."""
