/** Base of the errors a caller may want to tell apart; `code` is stable and stands at the end of every message. */
export abstract class LyceumError extends Error {
  abstract readonly code: string;
}

/** Shapes or dtypes that do not fit. */
export class ShapeError extends LyceumError {
  readonly code = 'SHAPE';
}
/** A configuration that is not what its schema says. */
export class ConfigError extends LyceumError {
  readonly code = 'CONFIG';
}
/** A file or message whose bytes are not what its format says. */
export class FormatError extends LyceumError {
  readonly code = 'FORMAT';
}
/** Something asked for by name that is not there. */
export class NotFoundError extends LyceumError {
  readonly code = 'NOT_FOUND';
}
/** Something well-formed that Lyceum, or this machine, cannot do. */
export class UnsupportedError extends LyceumError {
  readonly code = 'UNSUPPORTED';
}
