import { word } from "./words.js";

/** The element with this id: the page has it, or it is not our page. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`#${id} is missing`);
  return element as T;
}

/** Writes a text where it differs, so that screen readers and selections are left alone. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes each `data-copy` button copy the field with that id. */
export function enableCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    button.addEventListener("click", () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const field = byId<HTMLInputElement | HTMLTextAreaElement>(button.dataset.copy ?? "");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Plain http has no clipboard; the text is selected, and this old way still works there.
    document.execCommand("copy");
  }
  button.textContent = word("copied");
  setTimeout(() => setText(button, word("copy")), 1500);
}
