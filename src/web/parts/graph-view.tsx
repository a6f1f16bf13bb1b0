import { computed, effect, signal, untracked, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { spiral } from '../graph/force-layout.ts';
import { runLayout } from '../graph/layout-runner.ts';
import type { Colours } from '../graph/look.ts';
import { createPicture, type Picture } from '../graph/picture.ts';
import { buildScene, connected, neighboursOf, nodeInDirection, type Scene } from '../graph/scene.ts';
import { chosenDocument, fact, graph, workspace } from '../state/data.ts';
import { keepPositions, keptPositions, laidOver, noPlaces, type Places } from '../state/positions.ts';
import { go, near, nodeLimit, select, selection } from '../state/route.ts';
import { calm, paint, tokenColour } from '../state/theme.ts';
import { counted, number } from '../state/words.ts';
import { Filters } from './filters.tsx';
import { Icon } from './icons.tsx';
import { TryAgain } from './not-yet.tsx';

const shown = computed(() => graph.data.value && connected(graph.data.value));
const scene = computed<Scene | null>(() => shown.value && buildScene(shown.value));
/** Where entities stood, in this visit and the ones before; filled once a workspace is known. */
let places = noPlaces;
const placesOf = signal<string | null>(null);

effect(() => {
  const id = workspace.data.value?.id;
  if (!id || placesOf.peek() === id) return;
  void keptPositions(id).then((kept) => {
    places = kept;
    placesOf.value = id;
  });
});

function colours(): Colours {
  return {
    paper: tokenColour('--paper'),
    ink: tokenColour('--ink'),
    quietInk: tokenColour('--ink-2'),
    edge: tokenColour('--line-2'),
    accent: tokenColour('--accent'),
    hues: [[0, 0, 0], ...[1, 2, 3, 4, 5, 6, 7, 8].map((hue) => tokenColour(`--hue-${hue}`))],
  };
}

/** Where each node starts: where it stood, else beside a neighbour that has a place, else on a spiral. */
export function startPositions(from: Scene, { ids, places }: Places): { positions: Float32Array; fresh: number } {
  const positions = new Float32Array(from.ids.length * 2);
  let fresh = 0;
  const known = new Map(ids.map((id, index) => [id, places.subarray(2 * index, 2 * index + 2)]));
  const rank = new Map(Array.from(from.order, (node, place) => [node, place]));
  from.ids.forEach((id, node) => {
    const place = known.get(id);
    if (place) positions.set(place, 2 * node);
    else {
      fresh += 1;
      const beside = neighboursOf(from, node).find((other) => known.has(from.ids[other]!));
      const at = spiral(rank.get(node)!);
      const home = beside === undefined ? null : known.get(from.ids[beside]!)!;
      positions[2 * node] = home ? home[0]! + (at.x % 40) : at.x;
      positions[2 * node + 1] = home ? home[1]! + (at.y % 40) : at.y;
    }
  });
  return { positions, fresh };
}

/** The nodes that stay bright, and the line, for what is selected. */
function emphasisOf(current: Scene): { selected: number; line: number; lit: ReadonlySet<number> | null } {
  const chosen = selection.value;
  if (chosen?.kind === 'entity') {
    const selected = current.indexOf.get(chosen.id) ?? -1;
    return { selected, line: -1, lit: selected < 0 ? null : new Set([selected, ...neighboursOf(current, selected)]) };
  }
  if (chosen?.kind === 'fact' && fact.data.value?.id === chosen.id) {
    const a = current.indexOf.get(fact.data.value.subject.id) ?? -1;
    const b = current.indexOf.get(fact.data.value.object.id) ?? -1;
    const line = a < 0 ? -1 : (current.lines[a]?.find((each) => current.ends[2 * each] === b || current.ends[2 * each + 1] === b) ?? -1);
    return { selected: -1, line, lit: a < 0 && b < 0 ? null : new Set([a, b].filter((node) => node >= 0)) };
  }
  if (chosen?.kind === 'document' && chosenDocument.data.value?.id === chosen.id) {
    const lit = new Set<number>();
    for (const { entity } of chosenDocument.data.value.resolved) {
      const node = entity === null ? undefined : current.indexOf.get(entity);
      if (node !== undefined) lit.add(node);
    }
    return { selected: -1, line: -1, lit: lit.size > 0 ? lit : null };
  }
  return { selected: -1, line: -1, lit: null };
}

/** The knowledge graph: drag to move, wheel or pinch to zoom, click to see what something is. */
export function GraphView(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const words = useRef<HTMLCanvasElement>(null);
  const picture = useRef<Picture | null>(null);
  const progress = useSignal(0);
  const cannotDraw = useSignal(false);

  useEffect(() => {
    picture.current = createPicture(
      canvas.current!,
      words.current!,
      {
        choose(chosen) {
          const current = scene.peek();
          if (!current || !chosen) return select(null);
          if ('node' in chosen) return select({ kind: 'entity', id: current.ids[chosen.node]! });
          select({ kind: 'fact', id: current.facts[chosen.line]![0]! });
        },
        open: (node) => go({ near: scene.peek()?.ids[node] ?? null }),
      },
      () => calm.matches,
    );
    cannotDraw.value = picture.current === null;
    return () => {
      picture.current?.[Symbol.dispose]();
      picture.current = null;
    };
  }, [cannotDraw]);

  useSignalEffect(() => {
    paint.value;
    picture.current?.setColours(colours());
  });

  const showSelected = (current: Scene) => {
    const chosen = selection.peek();
    const node = chosen?.kind === 'entity' ? current.indexOf.get(chosen.id) : undefined;
    if (node !== undefined) picture.current?.show(node);
  };

  useSignalEffect(() => {
    const current = scene.value;
    const store = placesOf.value;
    if (!current || !store || !picture.current) return;
    const { positions, fresh } = startPositions(current, places);
    picture.current.setScene(current, positions);
    picture.current.setEmphasis(untracked(() => emphasisOf(current)));
    if (fresh === 0) {
      progress.value = 1;
      showSelected(current);
      return;
    }
    progress.value = 0.01;
    const heat = fresh / current.ids.length > 0.3 ? 1 : 0.3;
    return runLayout({ positions, radii: current.radii, edges: current.ends, heat }, (update) => {
      progress.value = update.progress;
      const isLast = update.progress === 1;
      if (isLast || !calm.matches) picture.current?.setPositions(update.positions);
      if (!isLast) return;
      places = laidOver(places, { ids: current.ids, places: update.positions }, (id) => current.indexOf.has(id));
      void keepPositions(store, places);
      showSelected(current);
    });
  });

  useSignalEffect(() => {
    const current = scene.value;
    if (!current || !picture.current) return;
    const emphasis = emphasisOf(current);
    picture.current.setEmphasis(emphasis);
    if (emphasis.selected >= 0) picture.current.show(emphasis.selected);
  });

  const press = (event: KeyboardEvent) => {
    const drawn = picture.current;
    const current = scene.peek();
    if (!drawn || !current || event.ctrlKey || event.metaKey || event.altKey) return;
    const directions: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = directions[event.key];
    const at = selection.peek()?.kind === 'entity' ? (current.indexOf.get(selection.peek()!.id) ?? -1) : -1;
    if (direction && event.shiftKey) drawn.panBy(-direction[0] * 60, -direction[1] * 60);
    else if (direction) {
      const next = at < 0 ? current.order[0] : nodeInDirection(current, drawn.positions, at, ...direction);
      if (next !== undefined && next >= 0) select({ kind: 'entity', id: current.ids[next]! });
    } else if (event.key === '+' || event.key === '=') drawn.zoomBy(1.4);
    else if (event.key === '-') drawn.zoomBy(1 / 1.4);
    else if (event.key === '0') drawn.fit();
    else if (event.key === 'Enter' && at >= 0) go({ near: current.ids[at]! });
    else return;
    event.preventDefault();
  };

  const data = shown.value;
  const total = workspace.data.value?.counts.entities ?? 0;
  const focus = near.value ? data?.entities.find(({ id }) => id === near.value) : null;
  return (
    <>
      <Filters />
      <div class="stage" aria-busy={progress.value < 1 || graph.loading.value}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a canvas that takes keys is an application; the list of entities says the same in words */}
        <canvas
          ref={canvas}
          class="picture"
          tabIndex={0}
          role="application"
          aria-label={
            data
              ? `Knowledge graph: ${counted(data.entities.length, 'entity', 'entities')}, ${counted(data.facts.length, 'fact')}. The list of entities says the same in words.`
              : 'Knowledge graph'
          }
          aria-describedby="graph-keys"
          onKeyDown={press}
        />
        <canvas ref={words} class="words" />
        <p id="graph-keys" class="hidden-text">
          Arrows go from entity to entity, Enter shows only what is around one, plus and minus zoom, zero shows all.
        </p>
        {progress.value > 0 && progress.value < 1 && (
          <div class="thin-progress" role="progressbar" aria-label="Arranging the graph" aria-valuenow={Math.round(progress.value * 100)}>
            <i style={{ transform: `scaleX(${progress.value})` }} />
          </div>
        )}
        {cannotDraw.value && (
          <div class="stage-empty">
            <p class="trouble">This browser cannot draw the graph (no WebGL 2). The list of entities at the left opens the same facts.</p>
          </div>
        )}
        <TryAgain of={graph} />
        {data && data.entities.length === 0 && (
          <div class="stage-empty">
            <p class="quiet">Nothing passes these filters.</p>
            <button type="button" class="button" onClick={() => go({ types: null, relations: null, min: null, near: null })}>
              Show everything
            </button>
          </div>
        )}
        {data && data.entities.length > 0 && (
          <p class="stage-note">
            {focus ? (
              <>
                around {focus.name}: {number(data.entities.length)}
                <button type="button" class="link" onClick={() => go({ near: null })}>
                  whole graph
                </button>
              </>
            ) : (
              <>
                {number(data.entities.length)} of {counted(total, 'entity', 'entities')} · {counted(data.facts.length, 'fact')}
                {data.truncated && nodeLimit.value < 10_000 && (
                  <button type="button" class="link" onClick={() => go({ limit: String(Math.min(10_000, nodeLimit.value * 3)) }, { replace: true })}>
                    show more
                  </button>
                )}
              </>
            )}
          </p>
        )}
        <div class="stage-tools">
          <button type="button" class="button icon" aria-label="Zoom in" title="Zoom in (+)" onClick={() => picture.current?.zoomBy(1.4)}>
            <Icon name="plus" />
          </button>
          <button type="button" class="button icon" aria-label="Zoom out" title="Zoom out (−)" onClick={() => picture.current?.zoomBy(1 / 1.4)}>
            <Icon name="minus" />
          </button>
          <button type="button" class="button icon" aria-label="Show all" title="Show all (0)" onClick={() => picture.current?.fit()}>
            <Icon name="fit" />
          </button>
        </div>
      </div>
    </>
  );
}
