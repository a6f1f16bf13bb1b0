/** The few things of a page that functions sent into it use; the project's own types know no browser. */
interface PageElement {
  readonly id: string;
  readonly textContent: string | null;
  readonly scrollWidth: number;
}
export interface PageDocument {
  readonly documentElement: PageElement;
  readonly activeElement: PageElement | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): ArrayLike<PageElement>;
}
export interface PageWindow {
  readonly innerWidth: number;
  readonly history: { pushState(state: null, title: string, address: string): void };
  readonly PopStateEvent: new (type: string) => Event;
  requestAnimationFrame(call: (time: number) => void): number;
  dispatchEvent(event: Event): boolean;
  addEventListener(type: 'securitypolicyviolation', listener: (event: { readonly violatedDirective: string; readonly sample: string }) => void): void;
  readonly pwned?: unknown;
}
