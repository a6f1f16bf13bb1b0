import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const subpaths = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }).exports).filter(
  (name) => name !== './package.json',
);

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lyceum-pack-'));
  const project = join(folder, 'project');
  const run = (command: string, args: string[], cwd: string) =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });
  let tarball = '';

  // Packs dist/ as the last build left it (`npm ci` builds it).
  beforeAll(() => {
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder], root).replace(/^[^[{]*/, '')) as {
      filename: string;
    }[];
    tarball = join(folder, packed!.filename);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball, '@types/node'], project);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is at most 60 MB', () => {
    expect(statSync(tarball).size).toBeLessThanOrEqual(60e6);
  });

  it('installs in an empty folder and runs', () => {
    expect(run(process.execPath, ['node_modules/lyceum/bin/lyceum.js', '--help'], project)).toContain('Usage: lyceum');
  });

  it('imports from every subpath', () => {
    const script = subpaths
      .map((name) => `if (Object.keys(await import('lyceum${name.slice(1)}')).length === 0) throw new Error('${name} is empty');`)
      .join('\n');
    writeFileSync(join(project, 'imports.mjs'), script);
    expect(run(process.execPath, ['imports.mjs'], project)).toBe('');
  });

  it('type-checks from every subpath', () => {
    writeFileSync(
      join(project, 'types.ts'),
      `${subpaths.map((name, i) => `import * as m${i} from 'lyceum${name.slice(1)}';`).join('\n')}\nexport const all = [${subpaths.map((_, i) => `m${i}`).join(', ')}];\n`,
    );
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: 'nodenext',
          target: 'es2024',
          lib: ['es2024', 'esnext.disposable', 'dom'],
          types: ['node'],
          skipLibCheck: false,
        },
        include: ['types.ts'],
      }),
    );
    expect(run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], project)).toBe('');
  });

  it('satisfies publint and are-the-types-wrong', () => {
    expect(run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict'], root)).not.toMatch(/Errors|Warnings/);
    run(process.execPath, [join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only'], root);
  });
});
