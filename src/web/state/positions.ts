// Where every entity stood when it was last seen, so the picture looks the same on the next visit.
interface Kept {
  readonly ids: string[];
  readonly places: Float32Array;
}
const shelf = 'positions';

const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open('lyceum', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(shelf);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** Positions kept for a workspace; empty where there are none or the browser keeps nothing. */
export async function keptPositions(workspace: string): Promise<Map<string, [number, number]>> {
  try {
    const database = await open();
    const kept = await new Promise<Kept | undefined>((resolve, reject) => {
      const asked = database.transaction(shelf).objectStore(shelf).get(workspace);
      asked.onsuccess = () => resolve(asked.result as Kept | undefined);
      asked.onerror = () => reject(asked.error);
    });
    database.close();
    return new Map(kept?.ids.map((id, index) => [id, [kept.places[2 * index]!, kept.places[2 * index + 1]!]]));
  } catch {
    return new Map();
  }
}

/** Keeps positions; a browser that keeps nothing loses nothing but the picture. */
export async function keepPositions(workspace: string, positions: ReadonlyMap<string, readonly [number, number]>): Promise<void> {
  try {
    const database = await open();
    const places = new Float32Array(positions.size * 2);
    const ids: string[] = [];
    for (const [id, [x, y]] of positions) {
      places[2 * ids.length] = x;
      places[2 * ids.length + 1] = y;
      ids.push(id);
    }
    database
      .transaction(shelf, 'readwrite')
      .objectStore(shelf)
      .put({ ids, places } satisfies Kept, workspace);
    database.close();
  } catch {
    // Private windows refuse storage.
  }
}
