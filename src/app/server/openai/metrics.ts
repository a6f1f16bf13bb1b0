type Labels = Readonly<Record<string, string | number>>;

export interface Counter {
  add(amount: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number): void;
}

/** Figures in the text format of Prometheus. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** Asked for when the figures are. Undefined: not known now. */
  gauge(name: string, help: string, read: () => number | undefined, labels?: Labels): void;
  print(): string;
}

const spell = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${String(value).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

export function createMetrics(): Metrics {
  const families = new Map<string, { readonly head: string; readonly lines: (() => string[])[] }>();
  const family = (name: string, kind: string, help: string, lines: () => string[]): void => {
    const known = families.get(name);
    if (known) known.lines.push(lines);
    else families.set(name, { head: `# HELP ${name} ${help}\n# TYPE ${name} ${kind}`, lines: [lines] });
  };
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      family(name, 'counter', help, () => (values.size === 0 ? [`${name} 0`] : [...values].map(([labels, value]) => `${name}${labels} ${value}`)));
      return {
        add(amount, labels = {}) {
          const key = spell(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds) {
      const counts = bounds.map(() => 0);
      let [count, sum] = [0, 0];
      family(name, 'histogram', help, () => [
        ...bounds.map((bound, i) => `${name}_bucket{le="${bound}"} ${counts[i]}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]);
      return {
        observe(value) {
          count++;
          sum += value;
          for (const [i, bound] of bounds.entries()) if (value <= bound) counts[i]!++;
        },
      };
    },
    gauge(name, help, read, labels = {}) {
      family(name, 'gauge', help, () => {
        const value = read();
        return value === undefined ? [] : [`${name}${spell(labels)} ${value}`];
      });
    },
    print: () => `${[...families.values()].flatMap(({ head, lines }) => [head, ...lines.flatMap((line) => line())]).join('\n')}\n`,
  };
}
