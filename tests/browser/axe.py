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

AXE = Axe()
MODES = ("light", "dark")
OWN = "its own"
# Too light for white text, too dark for black, and in the middle of both.
HARD_BRANDS = {name: HARD[name] for name in ("yellow", "navy", "mid-grey")}
FOUND = {"resultTypes": ["violations"]}  # else axe also works out where each rule held
RULES = {**FOUND, "rules": {"target-size": {"enabled": True}}}  # 24 px, which axe leaves out
# What unfold draws is held to WCAG, not to axe's other advice.
WCAG = {**FOUND, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {**FOUND, "runOnly": ["color-contrast", "link-in-text-block"]}
ALIKE = {**COLOURS, "resultTypes": ["violations", "passes"], "elementRef": True}
PASSED: set[str] = set()  # how a text is painted: its colours, sizes and what lies below it

# Puts each outfit on, asks axe about the colours, and takes it off again. What a text's contrast
# depends on is its own ink and what lies below it; what floats may lie on anything and is asked of
# one by one.
DRESSED = """async ({outfits, rules, passed}) => {
  const root = document.documentElement, before = root.dataset.theme;
  const said = [], known = new Set(passed);
  const sheet = new CSSStyleSheet(), others = [...document.adoptedStyleSheets];
  document.adoptedStyleSheets = [...others, sheet];
  const amid = (one) => [...one.parentElement.childNodes].some(
    (beside) => beside.nodeType === 3 && beside.data.trim()) ? "amid text" : "alone";
  function unlike() {
    const grounds = new Map([[null, ""]]), kinds = new Map();
    function ground(one) {
      if (!grounds.has(one)) {
        const style = getComputedStyle(one), below = ground(one.parentElement);
        const floats = /absolute|fixed/.test(style.position) ? "floats" + grounds.size : "";
        const own = [style.backgroundColor, style.backgroundImage, style.opacity, floats].join();
        grounds.set(one, own === "rgba(0, 0, 0, 0),none,1," ? below : below + "|" + own);
      }
      return grounds.get(one);
    }
    const inked = new Set(document.querySelectorAll("input, select, textarea"));
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      if (texts.currentNode.data.trim()) { inked.add(texts.currentNode.parentElement); }
    }
    for (const one of inked) {
      if (!one.checkVisibility({visibilityProperty: true})) { continue; }
      const style = getComputedStyle(one), around = getComputedStyle(one.parentElement);
      const kind = [ground(one), style.color, around.color, style.fontSize, style.fontWeight,
                    style.textDecorationLine, one.matches("a[href]") && amid(one),
                    one.matches(":disabled")].join();
      if (!known.has(kind)) { kinds.set(kind, [(kinds.get(kind) || [one])[0], one]); }
    }
    return kinds;
  }
  for (const {brand, mode, css, fill} of outfits) {
    sheet.replaceSync(css + "* { transition: none !important; }");
    root.dataset.brand = brand;
    root.dataset.theme = mode;
    const worn = getComputedStyle(root).getPropertyValue("--brand-9").trim();
    if (fill && worn !== fill) { throw new Error(brand + " " + mode + ": " + worn + " is worn"); }
    const kinds = unlike(), asked = [...new Set([...kinds.values()].flat())];
    if (!asked.length) { continue; }
    const {violations, passes} = await axe.run({include: asked}, rules);
    const nodes = passes.filter((one) => one.id === "color-contrast").flatMap((one) => one.nodes);
    const bad = violations.flatMap((one) => one.nodes.map((node) => node.element));
    const good = new Set(nodes.map((node) => node.element));
    for (const [kind, ones] of kinds) {
      const sound = ones.some((one) => good.has(one)) && !ones.some((one) => bad.includes(one));
      if (sound && !kind.includes("floats")) { known.add(kind); }
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
    """Each brand in each mode; the page as it is loaded (its own, light) is not among them."""
    worn = [{"brand": OWN, "mode": "dark", "css": "", "fill": ""}]
    for brand, seed in HARD_BRANDS.items():
        tokens = tokens_for(seed)
        worn += [{"brand": brand, "mode": mode, "css": css_text(tokens),
                  "fill": tokens[mode]["brand-9"]} for mode in MODES]  # type: ignore[literal-required] # fmt: skip
    return worn


OUTFITS = outfits()


def inspect(visitor: Any) -> list[str]:
    """What axe says about the page as it is, and about its colours in every outfit."""
    page = visitor.page
    page.evaluate(SETTLED)
    said = [(f"{OWN} light", one) for one in AXE.run(page, options=RULES).response["violations"]]
    asked = {"outfits": OUTFITS, "rules": ALIKE, "passed": sorted(PASSED)}
    dressed, passed = page.evaluate(DRESSED, asked)
    PASSED.update(passed)
    said += dressed
    return complaints(page.url, said)


def inspect_records(visitor: Any) -> list[str]:
    """What axe says about a page that unfold draws, which wears no brand, by day and by night."""
    page, said = visitor.page, []
    for mode in MODES:
        page.emulate_media(color_scheme=mode)
        page.evaluate(SETTLED)
        rules = WCAG if mode == MODES[0] else COLOURS
        said += [(mode, one) for one in AXE.run(page, options=rules).response["violations"]]
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
