import type { JSX } from 'preact';

const shapes = {
  read: 'M3.500 4.500h5a2.500 2.500 0 0 1 2.500 2.500v10a2 2 0 0 0-2-2H3.500zM18.500 4.500h-5A2.500 2.500 0 0 0 11 7v10a2 2 0 0 1 2-2h5.500z',
  runs: 'M2.500 11h4l2.500-6.500 4 13L15.500 11h4',
  settings: 'M3 6.500h9M16 6.500h3M3 15.500h3M10 15.500h9M12 4.500v4M10 13.500v4',
  search: 'M9.500 4a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM13.500 13.500 18 18',
  plus: 'M11 4.500v13M4.500 11h13',
  minus: 'M4.500 11h13',
  fit: 'M4 8V4h4M14 4h4v4M18 14v4h-4M8 18H4v-4',
  close: 'M5.500 5.500l11 11M16.500 5.500l-11 11',
  undo: 'M7 4.500 3.500 8 7 11.500M4 8h8.500a5 5 0 0 1 0 10H8',
  document: 'M6 3h7l4 4v12H6zM13 3v4h4',
  check: 'M4.500 11.500l4.500 4.500 8.500-10',
  arrow: 'M4 11h13M12 6l5 5-5 5',
  trash: 'M4 6h14M8.500 6V4h5v2M6 6l1 12.500h8L16 6',
  focus: 'M11 8.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM11 3v3M11 16v3M3 11h3M16 11h3',
  link: 'M9 13l4-4M8 9 5.500 11.500a3 3 0 0 0 4.500 4.500L12 14M14 13l2.500-2.500A3 3 0 0 0 12 6l-2 2',
  list: 'M4 6h14M4 11h14M4 16h14',
  chat: 'M4 5h14v10h-8l-4 3.500V15H4zM8 9h6M8 12h4',
  adapt: 'M2.500 9 11 5l8.500 4-8.500 4zM6 11v4c2.500 2 7.500 2 10 0v-4M19.500 9v5.500',
  inspect: 'M3 5.500h10M3 11h5M3 16.500h5M14 9a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM17 16l3 3',
  guard: 'M11 3l7 2.500v5c0 4.500-3 7.500-7 8.500-4-1-7-4-7-8.500v-5zM7.800 11l2.300 2.300 4.200-4.600',
  edit: 'M5 17l.8-3.500L14.500 4.800l2.700 2.700-8.700 8.700zM12.500 6.800l2.700 2.700',
  copy: 'M8 8h9v10H8zM5 14V4.500h8.500',
  again: 'M17.500 8.500A7 7 0 1 0 18 12.500M18 4v4.500h-4.500',
  stop: 'M6.500 6.500h9v9h-9z',
  warning: 'M11 4 2.500 18.500h17zM11 9.500v4M11 15.800v.4',
} as const;
export type IconName = keyof typeof shapes;

/** A line drawing beside a word; alone, the button around it carries the name. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 22 22"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
