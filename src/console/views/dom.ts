/** A new element. What it says is text, whoever wrote it: nothing here ever becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** A button that says and does something. */
export function makeButton(text: string, onClick: () => void, className = ""): HTMLButtonElement {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", onClick);
  return button;
}

/**
 * A table with a head, in a box that scrolls sideways.
 *
 * @param columns their titles
 * @param silent those of the titles that only a screen reader needs, because what stands below speaks for itself
 */
export function makeTable(
  label: string,
  columns: readonly string[],
  silent: readonly string[] = [],
): { readonly box: HTMLElement; readonly body: HTMLTableSectionElement } {
  const box = make("div", "scroll");
  const table = make("table");
  table.setAttribute("aria-label", label);
  const row = make("tr");
  for (const column of columns) {
    const cell = make("th");
    cell.scope = "col";
    cell.append(make("span", silent.includes(column) ? "unseen" : "", column));
    row.append(cell);
  }
  const head = make("thead");
  const body = make("tbody");
  head.append(row);
  table.append(head, body);
  box.append(table);
  return { box, body };
}

/** A panel with its title, as a region of the page. */
export function makePanel(title: string, ...content: readonly Node[]): HTMLElement {
  const panel = make("section", "panel");
  panel.setAttribute("aria-label", title);
  panel.append(make("h2", "", title), ...content);
  return panel;
}

/** Has the children stand in this order, moving only those that do not. */
export function arrange(parent: HTMLElement, children: readonly HTMLElement[]): void {
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  while (place !== null) {
    const next: Element | null = place.nextElementSibling;
    place.remove();
    place = next;
  }
}
