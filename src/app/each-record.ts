export interface Skipped {
  readonly id: string | number;
  readonly code: string;
  readonly reason: string;
}

const atOnce = 32; // asked for at a time: the model's slots are always full, and little is in memory

/** Works on records, many at once; results in the order given, without those that a record itself was at fault for. @throws the signal's reason, and what is no fault of a record's */
export const eachRecord = async <R extends { readonly id: string | number }, T>(
  records: readonly R[],
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: (done: number) => void },
  work: (record: R) => Promise<T>,
): Promise<{ done: T[]; skipped: Skipped[] }> => {
  const results: (T | undefined)[] = [];
  const skipped: Skipped[] = [];
  let [next, finished] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < records.length) {
      const at = next++;
      signal?.throwIfAborted();
      try {
        results[at] = await work(records[at]!);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code !== 'CONFIG') throw error;
        skipped.push({ id: records[at]!.id, code, reason: message });
      }
      onProgress?.(++finished);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, records.length) }, lane));
  return { done: results.flatMap((result) => (result === undefined ? [] : [result])), skipped };
};
