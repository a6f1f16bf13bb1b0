export interface ArchiveEntry {
  /** Path inside the archive, with `/`. */
  readonly name: string;
  /** When unpacked; what the archive says, held to when it is read. */
  readonly sizeBytes: number;
}

/** An archive of files, and nothing else: no part of it is ever executed, and no part is written anywhere but where the reader of `read` puts it. */
export interface Archive {
  /** Plain files in the order of the archive; folders are left out. */
  readonly entries: readonly ArchiveEntry[];
  /**
   * The bytes of one file, as they are unpacked.
   *
   * @throws NotFoundError: there is no such file · FormatError: the data are damaged, or more or fewer than the archive says
   */
  read(name: string): AsyncGenerator<Uint8Array>;
}
