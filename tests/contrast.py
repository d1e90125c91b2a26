"""JavaScript for pages in a browser: what can be told from its ground, as WCAG measures it."""

_COLOURS = """
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (...pair) => {
    const [high, low] = pair.map(light).sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const colour = (text) => { // rgb(1 2 3 / .5), or color(srgb .1 .2 .3 / .5), which color-mix gives
    const [r, g, b, opacity = 1] = text.match(/[\\d.]+/g).map(Number), times = text.startsWith("color(") ? 255 : 1;
    return [times * r, times * g, times * b, opacity];
  };
  const over = ([r, g, b, opacity = 1], ground) => [r, g, b].map((v, i) => opacity * v + (1 - opacity) * ground[i]);
  const chain = (element) => (element ? [...chain(element.parentElement), element] : []);
  // Some paint in the innermost of several elements and its ground, as they are seen: an opacity is that of all within.
  const seen = ([first, ...rest], paint, behind = [255, 255, 255]) => {
    const style = getComputedStyle(first), own = over(colour(style.backgroundColor), behind);
    const both = rest.length ? seen(rest, paint, own) : [over(colour(style[paint]), own), own];
    return both.map((one) => over([...one, Number(style.opacity)], behind));
  };
"""
#: The texts on a page with a contrast of less than 4.5, those of disabled controls apart, each with its contrast.
PALE_TEXTS = f"""() => {{
{_COLOURS}
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || element.closest("script, style, svg, noscript, :disabled")) continue;
    if (element.closest("label")?.control?.disabled) continue;
    const contrast = ratio(...seen(chain(element), "color"));
    if (contrast < 4.5) found.push(`${{contrast.toFixed(2)}} ${{element.className}} ${{text}}`);
  }}
  return found;
}}"""
#: The contrasts of the outlines of the shapes that a selector names with what is around them.
OUTLINES = f"""(selector) => {{
{_COLOURS}
  return [...document.querySelectorAll(selector)].map((shape) => ratio(...seen(chain(shape), "stroke")));
}}"""
