import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const key = 'lyceum.theme';
const stored = localStorage.getItem(key);

export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');
/** Rises whenever colours may have changed; what draws on a canvas looks at it. */
export const paint = signal(0);
export const calm = matchMedia('(prefers-reduced-motion: reduce)');

const repaint = () => {
  paint.value = paint.peek() + 1;
};

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
  localStorage.setItem(key, theme.value);
  repaint();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);

/** A colour token as red, green, blue from 0 to 255. */
export function tokenColour(name: string): [number, number, number] {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g) ?? ['0', '0', '0'];
  probe.remove();
  return [Number(numbers[0]), Number(numbers[1]), Number(numbers[2])];
}
