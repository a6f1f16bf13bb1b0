/** Fields that are not what a format says. Same name and code as everywhere; this room imports nothing that could lend its own. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code = 'FORMAT';
}
