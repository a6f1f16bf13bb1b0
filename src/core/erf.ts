/**
 * The error function to about 1e-15: a series with positive terms near zero, the continued fraction of erfc beyond.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    // erf z = 2/√π e^(−z²) Σ 2ⁿ z^(2n+1) / (2n+1)!!
    let term = z;
    let sum = z;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  // erfc z = e^(−z²)/√π · 1/(z + (1/2)/(z + 1/(z + (3/2)/(z + …))))
  let tail = z;
  for (let n = 60; n > 0; n--) tail = z + n / 2 / tail;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * tail));
}
