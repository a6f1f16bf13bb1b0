/** The workbench's eight hues in their order; beyond eight they begin again. */
export const hue = (index: number): string => `var(--hue-${(index % 8) + 1})`;
export const ink = 'var(--ink)';
export const quietInk = 'var(--ink-2)';
export const line = 'var(--line)';
export const markLine = 'var(--line-2)';
export const paper = 'var(--paper)';

/** Paper at 0, the first hue at 1. */
export const shade = (strength: number): string => `color-mix(in srgb, ${hue(0)} ${Math.round(Math.min(1, Math.max(0, strength)) * 100)}%, ${paper})`;

/** A hue deep enough for words. */
export const nameHue = (index: number): string => `color-mix(in srgb, ${hue(index)} 75%, ${ink})`;
