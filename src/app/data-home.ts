import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where everything lies that all workspaces of a user share: LYCEUM_HOME, else the platform's data folder. */
export function dataHome(): string {
  const given = process.env['LYCEUM_HOME'];
  if (given) return resolve(given);
  const { platform, env } = process;
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'lyceum');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'lyceum');
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'lyceum');
}
