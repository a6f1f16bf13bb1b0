// Where every entity stood when it was last seen, so the picture looks the same on the next visit.
export interface Places {
  readonly ids: readonly string[];
  /** Two numbers an entity. */
  readonly places: Float32Array;
}
const shelf = 'positions';

export const noPlaces: Places = { ids: [], places: new Float32Array(0) };

/** `now`, and after it those of `before` that it lacks. */
export function laidOver(before: Places, now: Places, isNow: (id: string) => boolean): Places {
  const ids = [...now.ids];
  const kept: number[] = [];
  before.ids.forEach((id, index) => {
    if (isNow(id)) return;
    ids.push(id);
    kept.push(before.places[2 * index]!, before.places[2 * index + 1]!);
  });
  const places = new Float32Array(2 * ids.length);
  places.set(now.places);
  places.set(kept, 2 * now.ids.length);
  return { ids, places };
}

const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open('lyceum', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(shelf);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** Positions kept for a workspace; empty where there are none or the browser keeps nothing. */
export async function keptPositions(workspace: string): Promise<Places> {
  try {
    const database = await open();
    const kept = await new Promise<Places | undefined>((resolve, reject) => {
      const asked = database.transaction(shelf).objectStore(shelf).get(workspace);
      asked.onsuccess = () => resolve(asked.result as Places | undefined);
      asked.onerror = () => reject(asked.error);
    });
    database.close();
    return kept ?? noPlaces;
  } catch {
    return noPlaces;
  }
}

/** Keeps positions; a browser that keeps nothing loses nothing but the picture. */
export async function keepPositions(workspace: string, places: Places): Promise<void> {
  try {
    const database = await open();
    database.transaction(shelf, 'readwrite').objectStore(shelf).put(places, workspace);
    database.close();
  } catch {
    // Private windows refuse storage.
  }
}
