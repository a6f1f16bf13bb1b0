// Installs the peers of the benches into bench/peers/venv: `npm run bench:peers`. Returns at once when nothing changed.
// LYCEUM_PYTHON names another interpreter than python3.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const venv = join(here, 'venv');
const inVenv = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const python = process.env.LYCEUM_PYTHON ?? 'python3';

const fail = (message) => {
  process.stderr.write(`bench:peers: ${message}\n`);
  process.exit(1);
};
const ask = (command, ...args) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};
const run = (what, command, ...args) => {
  process.stderr.write(`bench:peers: ${what}\n`);
  try {
    execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    fail(`${what}: expected exit status 0, got ${error.status ?? error.message}; the lines above say why. This part is not marked as installed, run it again.`);
  }
};

const version = ask(python, '-c', 'import platform; print(platform.python_version())');
if (version === undefined) fail(`expected a Python of at least 3.10 as ${python}, got none; install one or name it with LYCEUM_PYTHON`);
const [major, minor] = version.split('.').map(Number);
if (major < 3 || (major === 3 && minor < 10)) fail(`expected a Python of at least 3.10, got ${version} from ${python}; name another with LYCEUM_PYTHON`);

// A part is there when its stamp, written last, holds the hash of what it was made of.
const part = (folder, ...sources) => {
  const stamp = join(folder, 'installed.txt');
  const hash = createHash('sha256');
  for (const source of sources) hash.update(source);
  const wanted = hash.digest('hex');
  return {
    isThere: () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted,
    mark() {
      writeFileSync(`${stamp}.part`, wanted);
      renameSync(`${stamp}.part`, stamp);
    },
  };
};
const requirements = join(here, 'requirements.txt');
const modules = join(here, 'node_modules');
const inPython = part(venv, version, readFileSync(requirements));
const inNode = part(modules, readFileSync(join(here, 'package.json')), readFileSync(join(here, 'package-lock.json')));
if (inPython.isThere() && existsSync(inVenv) && inNode.isThere()) {
  process.stderr.write('bench:peers: nothing changed\n');
  process.exit(0);
}

if (!inPython.isThere() || !existsSync(inVenv)) {
  rmSync(venv, { recursive: true, force: true });
  run(`a virtual environment of Python ${version} in bench/peers/venv`, python, '-m', 'venv', venv);
  run('the packages of bench/peers/requirements.txt (PyTorch with its libraries is several GB)', inVenv, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
  run('the packages can be imported', inVenv, '-c', 'import gguf, numpy, onnx, openai, safetensors, tokenizers, torch, transformers');
  inPython.mark();
}
if (!inNode.isThere()) {
  rmSync(modules, { recursive: true, force: true });
  // Not `npm ci`: it refuses a lock without the packages of other platforms, and a registry need not have them all. Versions are the lock's all the same.
  run('the packages of bench/peers/package.json', process.platform === 'win32' ? 'npm.cmd' : 'npm', 'install', '--prefix', here, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund');
  inNode.mark();
}
