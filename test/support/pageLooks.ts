/**
 * What is looked at in the page of a topology. These run in the browser, so each stands by itself: it gets nothing but the document, and names
 * nothing of this file.
 */

/** As much of a browser as is used here: the project is compiled without the types of one. */
interface Rect {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
}
interface Element {
  readonly tagName: string;
  readonly textContent: string;
  readonly innerHTML: string;
  readonly parentElement: Element | null;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly classList: Iterable<string>;
  getBoundingClientRect(): Rect;
  getAttribute(name: string): string | null;
  closest(selector: string): Element | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
}
declare const document: Element & {
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
};
declare function getComputedStyle(
  element: Element,
): Record<"fill" | "stroke" | "color" | "backgroundColor" | "opacity", string>;
declare const mermaid: {
  initialize(settings: object): void;
  render(id: string, text: string): Promise<{ readonly svg: string }>;
};

export function boxes(): string[] {
  return [...document.querySelectorAll(".node > .box")].map((box) => box.parentElement?.textContent ?? "");
}

export function textsOutside(): string[] {
  return [...document.querySelectorAll(".node text")].flatMap((text) => {
    const box = text.parentElement?.querySelector(".box")?.getBoundingClientRect();
    const own = text.getBoundingClientRect();
    const isIn =
      box !== undefined &&
      own.left >= box.left &&
      own.right <= box.right &&
      own.top >= box.top - 1 &&
      own.bottom <= box.bottom + 1;
    return isIn ? [] : [text.textContent];
  });
}

export function overlaps(): string[] {
  const all = [...document.querySelectorAll(".node > .box")];
  const places = all.map((box) => box.getBoundingClientRect());
  return all.flatMap((box, at) =>
    places.slice(at + 1).flatMap((other) => {
      const own = places[at];
      const isApart =
        own === undefined ||
        own.right <= other.left ||
        other.right <= own.left ||
        own.bottom <= other.top ||
        other.bottom <= own.top;
      return isApart ? [] : [box.parentElement?.textContent ?? ""];
    }),
  );
}

/** What is neither in the page as it is nor in a part of it that scrolls. */
export function outOfReach(): string[] {
  const page = document.documentElement;
  const beside = page.scrollWidth > page.clientWidth ? ["the page scrolls sideways"] : [];
  const all = [...document.querySelectorAll("section *, header *")].filter(
    (one) => one.closest(".picture, nav") === null,
  );
  const out = all.filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 0 && (left < -1 || right > page.clientWidth + 1);
  });
  return [...beside, ...out.map((one) => one.tagName)];
}

/** Elements and attributes that the page is not made of. */
export function foreign(): string[] {
  const scripts = [...document.querySelectorAll("script")].length === 1 ? [] : ["script"];
  const others = [
    ...document.querySelectorAll(
      "img, iframe, object, embed, link, b[onclick], foreignObject, use, image, a[href^='javascript:']",
    ),
  ];
  const handlers = [...document.querySelectorAll("*")].flatMap(({ attributes }) =>
    [...attributes].filter(({ name }) => name.startsWith("on") || name === "style").map(({ name }) => name),
  );
  return [...scripts, ...others.map(({ tagName }) => tagName), ...handlers];
}

export function nameless(): string[] {
  const all = [
    ...document.querySelectorAll(
      "[role=button], [role=group], [role=img], button, input, nav, aside, svg:not([aria-hidden])",
    ),
  ];
  return all.flatMap((one) => {
    const id = one.getAttribute("id");
    const hasName =
      (one.getAttribute("aria-label") ?? "") !== "" ||
      (one.tagName === "BUTTON" && one.textContent.trim() !== "") ||
      (id !== null && document.querySelector(`label[for="${id}"]`) !== null);
    return hasName ? [] : [one.tagName];
  });
}

/** Texts with less contrast to what is behind them than 4.5 to 1. [WCAG 2.1, 1.4.3] */
export function faint(): string[] {
  const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = numbers(colour).map((part) =>
      part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isClear = (colour: string) => colour === "none" || numbers(colour)[3] === 0;
  const behind = (element: Element) => {
    const box =
      element.closest(".node")?.querySelector(".box") ?? element.closest("svg:not(.icon)")?.querySelector(".canvas");
    if (box) return getComputedStyle(box).fill;
    for (let one: Element | null = element; one !== null; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one);
      if (!isClear(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [
    ...document.querySelectorAll(
      "text, tspan, h1, h2, small, p, code, li div, dt, dd, label, button, output, nav a, pre",
    ),
  ];
  return texts.flatMap((text) => {
    const style = getComputedStyle(text);
    const colour = ["text", "tspan"].includes(text.tagName) ? style.fill : style.color;
    const [light = 0, dark = 0] = [luminance(colour), luminance(behind(text))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    return contrast >= 4.5 ? [] : [`${text.tagName} ${text.textContent.slice(0, 40)}: ${colour} on ${behind(text)}`];
  });
}

/** By health: the colour of the line of a box, and the shape of its sign. */
export function colours(): Record<string, { line: string; sign: string }> {
  const result: Record<string, { line: string; sign: string }> = {};
  for (const node of document.querySelectorAll(".node")) {
    const box = node.querySelector(":scope > .box");
    const sign = node.querySelector(".sign");
    const health = [...node.classList].find((name) => ["ok", "unknown", "warning", "broken"].includes(name));
    if (box === null || sign === null || health === undefined) continue;
    result[health] = { line: getComputedStyle(box).stroke, sign: sign.innerHTML };
  }
  return result;
}

/** Lets Mermaid draw it as GitHub does: what is written in it, and the elements that have no place in a picture. */
export async function drawMermaid(text: string): Promise<{ texts: string[]; tags: string[] }> {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  const { svg } = await mermaid.render("drawn", text);
  const main = document.querySelector("main") as { innerHTML: string } & Element;
  main.innerHTML = svg;
  const labels = [...main.querySelectorAll(".nodeLabel")].filter((one) => one.querySelector(".nodeLabel") === null);
  const strange = [...main.querySelectorAll("script, img, iframe, a")].map(({ tagName }) => tagName);
  return { texts: labels.map(({ textContent }) => textContent), tags: strange };
}
