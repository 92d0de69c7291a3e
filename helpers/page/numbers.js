// Small tools for numbers, in the page and in the worker of the mirror.

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); // of base64
const floats = (text) => new Float32Array(bytes(text).buffer);
const halves = (text) => Float32Array.from(new Uint16Array(bytes(text).buffer), (bits) => {
  const exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024; // IEEE 754, in 16 bits
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
  return bits & 0x8000 ? -size : size;
});
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
