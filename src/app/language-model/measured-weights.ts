// What the modes of weights cost a model and give it, measured once and kept.
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeWhole } from '../../formats/index.ts';
import { type Device, describeMachine, onnxruntimeVersion } from '../../runtime/index.ts';
import { dataHome } from '../data-home.ts';
import { version } from '../version.ts';
import { preparationVersion } from './kept-weights.ts';

const rate = z.number().positive();
const mode = z.strictObject({
  /** Of the text that ships with Lyceum. */
  perplexity: z.number().positive(),
  /** Tokens a second, of a prompt and one after another. */
  readPerSecond: rate,
  decodePerSecond: rate,
});
const schema = z.strictObject({
  format: z.literal(1),
  /** What it was measured with: another version of this measures again. */
  code: z.string(),
  /** SHA-256 of the text. */
  text: z.string(),
  /** SHA-256 of the weights, as `models show` prints it. */
  sha256: z.string(),
  tokens: z.number().int().positive(),
  threads: z.number().int().positive(),
  measuredAt: z.string(),
  modes: z.strictObject({ f32: mode, int8: mode, int4: mode }),
});
export type MeasuredWeights = z.infer<typeof schema>;
export type MeasuredMode = z.infer<typeof mode>;

const textVersion = 1;
const textPath = fileURLToPath(new URL('../../../models/perplexity-text.txt', import.meta.url));

/** The fixed text: about 2 400 tokens of plain English, written for this. */
export const perplexityText = (): Promise<string> => readFile(textPath, 'utf8');

export const textHash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Everything that figures depend on beside model, text and machine. */
export const measuringCode = (): string => `lyceum ${version()}, text ${textVersion}, weights ${preparationVersion}, onnxruntime ${onnxruntimeVersion()}`;

/** Where the figures of a model lie: by its files (another size or time of change is another model), the device and the processor. */
const pathOf = async (files: readonly string[], device: Device): Promise<string> => {
  const stats = await Promise.all(
    [...files].sort().map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [file, size, mtimeMs];
    }),
  );
  const key = createHash('sha256')
    .update(JSON.stringify([stats, device, describeMachine().instructionSet]))
    .digest('hex');
  return join(dataHome(), 'measured', `${key.slice(0, 32)}.json`);
};

/** What was measured of a model with this version; undefined where nothing was, or with another. */
export const readMeasured = async (files: readonly string[], device: Device = 'cpu'): Promise<MeasuredWeights | undefined> => {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(await pathOf(files, device), 'utf8')));
    return parsed.success && parsed.data.code === measuringCode() ? parsed.data : undefined;
  } catch {
    return undefined; // not there, or damaged: it can be measured again
  }
};

/** Keeps what was measured. @throws what the file system says */
export const writeMeasured = async (files: readonly string[], device: Device, measured: Omit<MeasuredWeights, 'format' | 'code'>): Promise<MeasuredWeights> => {
  const path = await pathOf(files, device);
  await mkdir(join(dataHome(), 'measured'), { recursive: true });
  const whole: MeasuredWeights = { format: 1, code: measuringCode(), ...measured };
  await writeWhole(path, [Buffer.from(`${JSON.stringify(whole, null, 2)}\n`)]);
  return whole;
};
