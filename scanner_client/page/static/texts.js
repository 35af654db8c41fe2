// The page's words. They come from the program's catalogue, so that a translation is made there alone.

let texts = {};

export function fillTexts(catalogue) {
  texts = catalogue;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const input of document.querySelectorAll("[data-hint]")) input.placeholder = text(input.dataset.hint);
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = text(element.dataset.label);
  document.title = text("page.title");
}

export function text(key, values = {}) {
  return (texts[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const WHOLE_MAX = 18; // characters of a word that fits beside the sign on a phone

// Puts in text whose words are not broken: a browser would break a serial number at its hyphen.
export function fillWhole(element, words) {
  element.replaceChildren(
    ...words.split(/(\s+)/).filter(Boolean).map((word) => {
      const part = document.createElement("span");
      part.textContent = word;
      if (word.length <= WHOLE_MAX && word.trim()) part.className = "whole";
      return part;
    }),
  );
}
