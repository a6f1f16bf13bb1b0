import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, FormatError, NotFoundError, nameOf, type Program, sameShape, UnsupportedError } from '../../core/index.ts';
import { openSafetensors, readAsFloat32, type SafetensorsFile, sha256OfFile } from '../../formats/index.ts';
import { type Adapter, type CausalSource, openAdapter, type ReadWeight } from '../../models/index.ts';
import { adapt, type Method, type Settled } from '../method.ts';
import { methodOf } from '../methods/index.ts';
import { type AdapterRecord, readAdapterRecord } from './adapter-record.ts';
import { peftForm } from './peft-form.ts';
import { configName, weightsName } from './save-adapter.ts';

/** An adapter on its model. */
export interface OpenedAdapter extends Adapter {
  /** Undefined for one that PEFT wrote. */
  readonly record: AdapterRecord | undefined;
  readonly method: Method | undefined;
  /** Of all parameters of the method, in our arrangement; `weights` are those of the form in which it is used. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

export interface OpenAdaptedOptions {
  /** Hash of the model's weights, as `lyceum models show` prints it; asked for where the adapter says whose it is. */
  readonly baseSha256: () => Promise<string>;
}

/** The folder that holds an adapter's files: the one given, or `adapter` in the folder of a run. */
export const adapterFolder = async (folder: string): Promise<string> => {
  const has = (place: string): Promise<boolean> =>
    stat(join(place, configName)).then(
      () => true,
      () => false,
    );
  return !(await has(folder)) && (await has(join(folder, 'adapter'))) ? join(folder, 'adapter') : folder;
};

/**
 * Opens an adapter for a model from whatever file: what `saveAdapter` wrote, of any method, or a LoRA that PEFT wrote.
 *
 * @param folder  of the adapter, or of the run that made it
 * @throws NotFoundError, FormatError where the folder is no whole adapter, or was changed · ConfigError for an adapter of another model: by the hash of its weights, or, of PEFT's, by shapes · UnsupportedError
 */
export const openAdapted = async (folder: string, source: CausalSource, { baseSha256 }: OpenAdaptedOptions): Promise<OpenedAdapter> => {
  const place = await adapterFolder(folder);
  const record = await readAdapterRecord(place);
  if (!record) {
    const plain = await openAdapter(place, source);
    return { ...plain, folder, record, method: undefined, values: dataOf(plain.weights) };
  }
  const found = await baseSha256();
  if (found !== record.base.sha256)
    throw new ConfigError(
      `adapter ${folder}: expected the model it was trained on, ${record.base.name} with weights ${short(record.base.sha256)}, got weights ${short(found)}; open that model, or export the adapter as PEFT's, which goes by shapes alone`,
    );
  const method = methodOf(record.method.kind, record.method.options);
  const own = await valuesIn(place, source, method, record);
  const values = dataOf(own);
  const settled = await method.settle?.(values, source.values);
  return { ...adapterOf(folder, place, source, method, { own, settled }), record, method, values };
};

const dataOf = (weights: ReadonlyMap<string, ReadWeight>): Map<string, Float32Array> => new Map([...weights].map(([name, { data }]) => [name, data]));

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;

/** All values of an adapter, by parameter. */
const valuesIn = async (folder: string, source: CausalSource, method: Method, { base, weights }: AdapterRecord): Promise<Map<string, ReadWeight>> => {
  const file = await openWeights(folder, weights.sha256);
  const values = new Map<string, ReadWeight>();
  const { places } = peftForm(source, method, base.name);
  for (const { name, shape, parts } of places) {
    const tensor = file.tensors.get(name);
    if (!tensor || !sameShape(tensor.shape, shape))
      throw new FormatError(
        `adapter ${file.path}: expected ${name} [${shape.join(', ')}], got ${tensor ? `[${tensor.shape.join(', ')}]` : 'none'}; the record beside it is of another adapter`,
      );
    const { data } = await readAsFloat32(file, name, { checkFinite: true });
    for (const part of parts) values.set(part.parameter, { dtype: 'float32', shape: part.shape, data: part.take(data) });
  }
  if (file.tensors.size > places.length)
    throw new FormatError(`adapter ${file.path}: expected ${places.length} tensors, got ${file.tensors.size}; the record beside it is of another adapter`);
  return values;
};

const openWeights = async (folder: string, sha256: string): Promise<SafetensorsFile> => {
  const path = join(folder, weightsName);
  const found = await sha256OfFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new NotFoundError(`adapter ${folder}: expected ${weightsName}, got none; the folder is a part of an adapter, copy it again`);
  });
  if (found !== sha256)
    throw new FormatError(
      `adapter ${path}: expected a file with hash ${short(sha256)}, got ${short(found)}; it was damaged or changed, copy or train it again`,
    );
  return openSafetensors(path);
};

interface Values {
  /** Of the method's parameters. */
  readonly own: ReadonlyMap<string, ReadWeight>;
  readonly settled: Settled | undefined;
}

const adapterOf = (folder: string, place: string, source: CausalSource, method: Method, { own: weights, settled }: Values): Adapter => {
  const { kind } = method;
  const ofTheModel = new Set(source.parameters.map(nameOf));
  const own = dataOf(weights);
  const inWeights = [...weights.keys()].every((name) => ofTheModel.has(name));
  const sites = [...new Set([...weights.keys()].map((name) => name.split('.').slice(0, -2).join('.')))].filter((site) => ofTheModel.has(`${site}.weight`));
  const changes = new Set(inWeights ? weights.keys() : sites.map((site) => `${site}.weight`));
  const unmergeable = method.merge ? undefined : (method.unmergeable ?? 'no weights can do what it does');
  const used = settled && new Map([...settled.values].map(([name, value]): [string, ReadWeight] => [name, { dtype: 'float32', ...value }]));
  const edited = (program: Program): Program => {
    if (!settled) return adapt(program, method).program;
    const roots = settled.apply(Object.values(program.outputs));
    return { ...program, name: `${program.name}/${kind}`, outputs: Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, roots[i]!])) };
  };
  return {
    folder,
    files: [join(place, weightsName)],
    sites: inWeights ? [] : sites,
    weights: inWeights ? new Map() : (used ?? weights),
    virtualTokens: method.virtualTokens ?? 0,
    askedTokens: method.askedTokens ?? 0,
    inWeights,
    apply: (program: Program) => (inWeights ? program : edited(program)),
    changes,
    unmergeable,
    merge(parameter, values) {
      if (unmergeable !== undefined)
        throw new UnsupportedError(
          `adapter ${folder}: expected one that weights can hold, got ${kind}, which they cannot: ${unmergeable}; keep the adapter apart`,
        );
      if (!changes.has(parameter)) return values;
      return inWeights ? own.get(parameter)! : method.merge!(parameter.replace(/\.weight$/, ''), values, own);
    },
  };
};
