import { ConfigError, FormatError, LyceumError, NotFoundError, ShapeError, UnsupportedError } from '../core/index.ts';

/** A call that was pending when its engine was cancelled. Nothing it computed is kept. */
export class CancelledError extends LyceumError {
  readonly code = 'CANCELLED';
}

/** The engine process ended without being asked to (killed, out of memory), or onnxruntime refused what we gave it. */
export class EngineError extends LyceumError {
  readonly code = 'ENGINE';
}

const classes: Readonly<Record<string, new (message: string) => Error>> = {
  CANCELLED: CancelledError,
  ENGINE: EngineError,
  SHAPE: ShapeError,
  CONFIG: ConfigError,
  FORMAT: FormatError,
  NOT_FOUND: NotFoundError,
  UNSUPPORTED: UnsupportedError,
};

/** An error as plain data, to cross a process border. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
}

export const packError = (error: unknown): ErrorData =>
  error instanceof Error
    ? { code: 'code' in error && typeof error.code === 'string' ? error.code : 'ENGINE', message: error.message }
    : { code: 'ENGINE', message: String(error) };

export const unpackError = ({ code, message }: ErrorData): Error => new (classes[code] ?? EngineError)(message);
