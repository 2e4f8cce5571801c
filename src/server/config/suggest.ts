/** The candidate that somebody most likely meant, undefined where none is near. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const plain = normalize(typed);
  let best: string | undefined;
  // A third of the letters may be wrong: beyond that a guess helps nobody.
  let bestDistance = Math.floor(plain.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, normalize(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters and digits only: `handshake_timeout_ms` is handshakeTimeoutMs. */
function normalize(name: string): string {
  return name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
}

/** Levenshtein distance with swapped neighbours as one step (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
