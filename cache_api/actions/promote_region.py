"""Make another region the home: who numbers purges and owns their log and the quotas' counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from cache_api.gateways.home import NotNow
from cache_api.gateways.promotion import RegionStore, most_advanced, newest
from cache_api.gateways.servers import Region
from cache_api.hot.terms import STAMP_MS
from cache_api.rules.terms import Term, consent, quorum

# The old home's right to number purges ends at the latest when its followers' last word lapses.
WAIT_MS = STAMP_MS + 1_000


class Refused(ValueError):
    """Nothing was promoted; the text says why and what to do."""


@dataclass(frozen=True)
class Promotion:
    """What was done. `changed`: whether it was not the home before. `away`: who did not answer."""

    term: Term
    changed: bool
    away: tuple[str, ...]


def promote_region(*, regions: Sequence[Region], name: str, home_is_off: bool = False) -> Promotion:
    """Make the region `name` the home, with the consent of so many that the old one can not go on.

    Safe to repeat, also when it was interrupted. First every region that answers stops following
    the old home; then the new one takes over the longest log and the newest floors among them; then
    it begins, 4 s later. `home_is_off`: a person vouches that what does not answer is switched off;
    then consent is not needed, and every region forgets all entries where it is lacking, since
    purges may have been lost. Raises Refused.
    """
    founding = regions[0].name
    stores = {one.name: RegionStore(one, founding) for one in regions}
    if name not in stores:
        raise Refused(f"There is no region {name!r}; there are {', '.join(stores)}.")
    told = {region: store.term() for region, store in stores.items()}
    known = max((one for one in told.values() if one), key=_rank, default=Term(0, founding))
    away = tuple(region for region, one in told.items() if one is None)
    if known.home == name and known.opened:
        for region in stores.keys() - set(away):
            stores[region].take(known)
        return Promotion(known, False, away)
    consented = _check_consent(known, tuple(stores), name, away, home_is_off=home_is_off)
    try:
        term = _take_over(stores, known, name, away, dropped=not consented)
    except NotNow as error:
        raise Refused("A region stopped answering meanwhile; run the command again.") from error
    return Promotion(term, True, away)


def _rank(term: Term) -> tuple[int, bool]:
    return term.epoch, term.opened


def _check_consent(
    known: Term, regions: Sequence[str], name: str, away: Sequence[str], *, home_is_off: bool
) -> bool:
    """Whether enough regions consent. Raises Refused where they must."""
    if name in away:
        raise Refused(f"{name}'s events Valkey does not answer; promote a region that does.")
    old = known.home if known.opened else known.before
    others = [one for one in regions if one not in away and one != old]
    if old not in away:
        return True  # it takes the new term itself
    if quorum(len(regions)) and len(others) >= consent(len(regions)):
        return True
    if not home_is_off:
        raise Refused(
            f"{', '.join(away)} cannot be reached, and the regions that can are too few to know "
            "that the old home has stopped. Reach more of them, or switch off what does not answer "
            "and say so (--home-is-off); all regions then forget their entries."
        )
    return False


def _take_over(
    stores: dict[str, RegionStore], known: Term, name: str, away: Sequence[str], *, dropped: bool
) -> Term:
    """Raises NotNow, Refused."""
    epoch, before = known.epoch + 1, known.home if known.opened else known.before
    asked = [store for region, store in stores.items() if region not in away]
    fence = Term(epoch, name, opened=False, before=before, parted=known.parted)
    if not all(store.take(fence) for store in asked):
        raise Refused("A region stopped answering, or somebody promotes another; try again.")
    home, longest = stores[name], most_advanced(asked)
    if home.conforms() < longest.conforms():
        raise Refused(f"{name} was away and has not caught up yet; try again in a few seconds.")
    home.append(longest.entries_after(home.last()))
    home.restore(newest([store.purges() for store in asked]))
    term = Term(
        epoch,
        name,
        parted=known.parted | {str(epoch): home.last()},
        since_ms=home.now_ms() + WAIT_MS,
        dropped=dropped,
    )
    home.take(term)
    for store in asked:
        store.take(term)  # one that does not answer any more hears it from another
    return term
