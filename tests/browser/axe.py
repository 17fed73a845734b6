"""What axe says about a page: every rule once, then those of colour in every brand and mode.

A brand and a mode change colours and nothing else, so a page is loaded once and dressed anew in
the browser. Of the texts that are painted alike axe then measures the first and the last, and
what it has passed on one page it is not asked again on the next.
"""

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from bench.browser import SETTLED
from portal.views.console_style import HARD
from tenants.rules.brandcss import css_text
from tenants.rules.palette import tokens_for

SCRIPT = Axe().axe_script
MODES = ("light", "dark")
OWN = "its own"
# Too light for white text, too dark for black, and in the middle of both.
HARD_BRANDS = {name: HARD[name] for name in ("yellow", "navy", "mid-grey")}
FOUND = {"resultTypes": ["violations"]}  # else axe also works out where each rule held
OF_COLOUR = ("color-contrast", "link-in-text-block")
# Rules that no colour touches; of 24 px (target-size) axe is silent unless it is asked.
SHAPES = {**FOUND, "rules": {**{one: {"enabled": False} for one in OF_COLOUR},
                             "target-size": {"enabled": True}}}  # fmt: skip
# What unfold draws is held to WCAG, not to axe's other advice.
WCAG = {**FOUND, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {**FOUND, "runOnly": [*OF_COLOUR]}
ALIKE = {"runOnly": [*OF_COLOUR], "resultTypes": ["violations", "passes", "incomplete"],
         "elementRef": True}  # fmt: skip
PASSED: set[str] = set()  # how a text is painted: its colours, sizes and what lies below it

RUN = """async (rules) => (await axe.run(rules)).violations.map(({id, nodes}) => ({id,
  nodes: nodes.map(({html, failureSummary}) => ({html, failureSummary}))}))"""
# Puts each outfit on, asks axe about the colours, and takes it off again. What a text's contrast
# depends on is its own ink and what lies below it, down to the first ground that lets nothing
# through; what floats above none may lie on anything and is asked of one by one. What axe does not
# judge in one outfit (a hidden text) it judges in none.
DRESSED = """async ({outfits, rules, passed}) => {
  const root = document.documentElement, before = root.dataset.theme;
  const said = [], known = new Set(passed), unjudged = new Set();
  const sheet = new CSSStyleSheet(), others = [...document.adoptedStyleSheets];
  document.adoptedStyleSheets = [...others, sheet];
  const KEEPS = "iframe, select, textarea, style, script";
  const amid = (one) => [...one.parentElement.childNodes].some(
    (beside) => beside.nodeType === 3 && beside.data.trim()) ? "amid text" : "alone";
  const lets = (colour) => /^rgba|\\/|transparent/.test(colour);
  const inked = new Set(document.querySelectorAll("input, select, textarea"));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (texts.currentNode.data.trim()) { inked.add(texts.currentNode.parentElement); }
  }
  const isAside = ({right, bottom, width, height}) =>  // the link past the menu; for ears alone
    right < 0 || bottom < 0 || (width <= 1 && height <= 1);
  const shown = [...inked].filter((one) =>
    one.checkVisibility({visibilityProperty: true}) && !isAside(one.getBoundingClientRect()));
  function unlike() {
    const grounds = new Map([[null, ""]]), kinds = new Map();
    function ground(one) {
      if (!grounds.has(one)) {
        const {backgroundColor, backgroundImage, opacity, position} = getComputedStyle(one);
        const below = ground(one.parentElement);
        const own = [backgroundColor, backgroundImage, opacity].join();
        if (!lets(backgroundColor) && opacity === "1" && !below.includes("faded")) {
          grounds.set(one, own);
        } else {
          const more = (/absolute|fixed/.test(position) ? "floats" + grounds.size : "") +
                       (opacity === "1" ? "" : "faded");
          grounds.set(one, own === "rgba(0, 0, 0, 0),none,1" && !more ? below :
                           below + "|" + own + more);
        }
      }
      return grounds.get(one);
    }
    for (const one of shown) {
      if (unjudged.has(one)) { continue; }
      const style = getComputedStyle(one), around = getComputedStyle(one.parentElement);
      const kind = [ground(one), style.color, around.color, style.fontSize, style.fontWeight,
                    style.textDecorationLine, one.matches("a[href]") && amid(one),
                    one.matches(":disabled")].join();
      if (!known.has(kind)) { kinds.set(kind, [(kinds.get(kind) || [one])[0], one]); }
    }
    return kinds;
  }
  // axe looks at every element of a page, whatever it is asked about. What is neither asked about
  // nor holds or lies in what is, is emptied meanwhile; not what would forget its state by that.
  function emptied(one, kept) {
    if (one.matches(KEEPS) || kept.some((other) => other.contains(one))) { return []; }
    if (!one.querySelector(KEEPS) && !kept.some((other) => one.contains(other))) {
      return one.hasChildNodes() ? [[one, [...one.childNodes]]] : [];
    }
    return [...one.children].flatMap((child) => emptied(child, kept));
  }
  async function judged(kinds, asked) {
    const floats = [...kinds.keys()].some((kind) => kind.includes("floats"));
    const aside = floats ? [] : emptied(document.body, asked);
    aside.forEach(([one]) => one.replaceChildren());
    try {
      return await axe.run({include: asked}, rules);
    } finally {
      aside.forEach(([one, nodes]) => one.append(...nodes));
    }
  }
  for (const {brand, mode, css, fill} of outfits) {
    sheet.replaceSync(css + "* { transition: none !important; }");
    root.dataset.brand = brand;
    root.dataset.theme = mode;
    const worn = getComputedStyle(root).getPropertyValue("--brand-9").trim();
    if (fill && worn !== fill) { throw new Error(brand + " " + mode + ": " + worn + " is worn"); }
    const kinds = unlike(), asked = [...new Set([...kinds.values()].flat())];
    if (!asked.length) { continue; }
    const {violations, passes, incomplete} = await judged(kinds, asked);
    const of = (found) => found.flatMap((one) => one.nodes.map((node) => node.element));
    const bad = of(violations), open = of(incomplete);
    const good = new Set(of(passes.filter((one) => one.id === "color-contrast")));
    for (const one of asked) {
      if (![...good, ...bad, ...open].includes(one)) { unjudged.add(one); }
    }
    for (const [kind, ones] of kinds) {
      // Above a picture axe can never tell.
      const untold = /gradient|url/.test(kind) && ones.every((one) => open.includes(one));
      const sound = ones.some((one) => good.has(one)) && !ones.some((one) => bad.includes(one));
      if ((sound || untold) && !kind.includes("floats")) { known.add(kind); }
    }
    said.push(...violations.map(({id, nodes}) => [brand + " " + mode, {id, nodes: nodes.map(
      ({html, failureSummary}) => ({html, failureSummary}))}]));
  }
  document.adoptedStyleSheets = others;
  delete root.dataset.brand;
  if (before === undefined) { delete root.dataset.theme; } else { root.dataset.theme = before; }
  return [said, [...known]];
}"""


def outfits() -> list[dict[str, str]]:
    """Each brand in each mode, the page's own among them."""
    worn = [{"brand": OWN, "mode": mode, "css": "", "fill": ""} for mode in MODES]
    for brand, seed in HARD_BRANDS.items():
        tokens = tokens_for(seed)
        worn += [{"brand": brand, "mode": mode, "css": css_text(tokens),
                  "fill": tokens[mode]["brand-9"]} for mode in MODES]  # type: ignore[literal-required] # fmt: skip
    return worn


OUTFITS = outfits()


def run(page: Any, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """What axe says about a page as it is, once nothing glides any more."""
    page.evaluate(SETTLED)
    if not page.evaluate("'axe' in window"):
        # The context's next pages bring it; half a megabyte is sent once.
        page.context.add_init_script(f"if (self === top) {{ {SCRIPT} }}")
        page.evaluate(SCRIPT)
    return page.evaluate(RUN, rules)


def inspect(visitor: Any) -> list[str]:
    """What axe says about the page as it is, and about its colours in every outfit."""
    page = visitor.page
    said = [(f"{OWN} light", one) for one in run(page, SHAPES)]
    asked = {"outfits": OUTFITS, "rules": ALIKE, "passed": sorted(PASSED)}
    dressed, passed = page.evaluate(DRESSED, asked)
    PASSED.update(passed)
    return complaints(page.url, said + dressed)


def inspect_records(visitor: Any) -> list[str]:
    """What axe says about a page that unfold draws, which wears no brand, by day and by night."""
    page, said = visitor.page, []
    for mode in MODES:
        page.emulate_media(color_scheme=mode)
        said += [(mode, one) for one in run(page, WCAG if mode == MODES[0] else COLOURS)]
    page.emulate_media(color_scheme=MODES[0])
    return complaints(page.url, said)


def look_through(visitor: Any, *paths: str) -> list[str]:
    """What axe says about each of the pages."""
    found = []
    for path in paths:
        visitor.go(path)
        found += inspect(visitor)
    return found


def complaints(url: str, said: Iterable[tuple[str, Any]]) -> list[str]:
    """A line for each element that breaks a rule."""
    return [
        f"{url} {outfit}: {one['id']}: {node['html'][:120]} "
        f"({node.get('failureSummary', '')[:200]})"
        for outfit, one in said
        for node in one["nodes"]
    ]
