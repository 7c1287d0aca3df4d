// SHA-256 (FIPS 180-4). Browsers offer their own on secure pages only, and only to be awaited.

const INITIAL: number[] = [];
const ROUND: number[] = [];

// The constants are the fractional parts of the square and cube roots of the first primes.
for (let n = 2; ROUND.length < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) prime &&= n % d !== 0;
  if (!prime) continue;
  const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) | 0;
  if (INITIAL.length < 8) INITIAL.push(fraction(Math.sqrt(n)));
  ROUND.push(fraction(Math.cbrt(n)));
}

const at = (words: ArrayLike<number>, i: number): number => words[i] ?? 0;
const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** Returns the hash of a text in UTF-8, as 64 hex digits. */
export function sha256(text: string): string {
  const message = new TextEncoder().encode(text);
  const padded = new Uint8Array(((message.length + 72) >> 6) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  let state = [...INITIAL];
  for (let block = 0; block < padded.length; block += 64) state = compress(state, view, block);
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function compress(state: number[], view: DataView, block: number): number[] {
  const w = new Int32Array(64);
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + 4 * i);
  for (let i = 16; i < 64; i++) {
    const a = at(w, i - 15);
    const b = at(w, i - 2);
    const small = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const large = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    w[i] = (at(w, i - 16) + small + at(w, i - 7) + large) | 0;
  }
  const s = [...state];
  for (let i = 0; i < 64; i++) {
    const [a, b, c, e, f, g] = [at(s, 0), at(s, 1), at(s, 2), at(s, 4), at(s, 5), at(s, 6)];
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = at(s, 7) + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + at(ROUND, i) + at(w, i);
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    s.pop();
    s.unshift((first + second) | 0);
    s[4] = (at(s, 4) + first) | 0;
  }
  return state.map((word, i) => (word + at(s, i)) | 0);
}
